/** Encrypt, Decrypt, ReEncrypt; RSA keys included, since the operations are the same. */
import { endDryRun, type Operation, operation, recordContext } from '../call.ts'
import { checkPlaintext, isSameKey, open, seal } from '../cipher.ts'
import { aliasIn } from '../key-reference.ts'
import { materialMember } from '../material.ts'
import { blob, flag, oneOf, required, textMap } from '../shape.ts'
import { encryptionAlgorithms } from '../specs.ts'
import { useKey } from '../use-key.ts'
import { grantTokens, keyId, noRecipient, recipient } from './members.ts'

/** The response has no KeyMaterialId, unlike those of all its neighbours. */
const encrypt = operation(
  {
    KeyId: required(keyId()),
    Plaintext: required(blob({ min: 1, max: 4096 })),
    EncryptionContext: textMap(),
    GrantTokens: grantTokens(),
    EncryptionAlgorithm: oneOf(encryptionAlgorithms),
    DryRun: flag(),
  },
  async (input, call) => {
    const context = recordContext(call, input.EncryptionContext)
    const algorithm = input.EncryptionAlgorithm ?? 'SYMMETRIC_DEFAULT'
    const key = useKey(call, input.KeyId, {
      alias: true,
      usage: 'ENCRYPT_DECRYPT',
      grantTokens: input.GrantTokens,
      encryptionContext: context,
      values: { 'kms:EncryptionAlgorithm': algorithm },
    })
    checkPlaintext(key, algorithm, input.Plaintext)
    endDryRun(input.DryRun)
    return {
      CiphertextBlob: await seal(call, key, algorithm, input.Plaintext, context),
      EncryptionAlgorithm: algorithm,
      KeyId: key.arn,
    }
  },
)

/** A symmetric blob names its key; `KeyId` then says which key the caller expects. */
const decrypt = operation(
  {
    CiphertextBlob: required(blob({ min: 1, max: 6144 })),
    EncryptionContext: textMap(),
    GrantTokens: grantTokens(),
    KeyId: keyId(),
    EncryptionAlgorithm: oneOf(encryptionAlgorithms),
    Recipient: recipient(),
    DryRun: flag(),
  },
  async (input, call) => {
    noRecipient(input.Recipient)
    const context = recordContext(call, input.EncryptionContext)
    const algorithm = input.EncryptionAlgorithm ?? 'SYMMETRIC_DEFAULT'
    const { key, plaintext, materialId } = await open(
      call,
      { blob: input.CiphertextBlob, algorithm, context, keyId: input.KeyId },
      {
        alias: true,
        usage: 'ENCRYPT_DECRYPT',
        grantTokens: input.GrantTokens,
        encryptionContext: context,
        values: { 'kms:EncryptionAlgorithm': algorithm, 'kms:RequestAlias': aliasIn(input.KeyId) },
      },
    )
    endDryRun(input.DryRun)
    return {
      KeyId: key.arn,
      Plaintext: plaintext,
      EncryptionAlgorithm: algorithm,
      ...materialMember('KeyMaterialId', key, materialId),
    }
  },
)

/** Two operations in one call, each with its own authorization: ReEncryptFrom and ReEncryptTo. */
const reEncrypt = operation(
  {
    CiphertextBlob: required(blob({ min: 1, max: 6144 })),
    SourceEncryptionContext: textMap(),
    SourceKeyId: keyId(),
    DestinationKeyId: required(keyId()),
    DestinationEncryptionContext: textMap(),
    SourceEncryptionAlgorithm: oneOf(encryptionAlgorithms),
    DestinationEncryptionAlgorithm: oneOf(encryptionAlgorithms),
    GrantTokens: grantTokens(),
    DryRun: flag(),
  },
  async (input, call) => {
    const common = { alias: true, usage: 'ENCRYPT_DECRYPT', grantTokens: input.GrantTokens } as const
    // The log keeps the context under which the blob was sealed: that is the one a trail is searched for.
    const destinationContext = recordContext(call, input.DestinationEncryptionContext)
    const context = recordContext(call, input.SourceEncryptionContext)
    const algorithm = input.SourceEncryptionAlgorithm ?? 'SYMMETRIC_DEFAULT'
    const targetAlgorithm = input.DestinationEncryptionAlgorithm ?? 'SYMMETRIC_DEFAULT'
    const sealed = { blob: input.CiphertextBlob, algorithm, context, keyId: input.SourceKeyId }
    const isSame = isSameKey(call, sealed, input.DestinationKeyId)
    const source = await open(call, sealed, {
      ...common,
      as: 'ReEncryptFrom',
      encryptionContext: context,
      values: {
        'kms:EncryptionAlgorithm': algorithm,
        'kms:ReEncryptOnSameKey': String(isSame),
        'kms:RequestAlias': aliasIn(input.SourceKeyId),
      },
    })
    const target = useKey(call, input.DestinationKeyId, {
      ...common,
      as: 'ReEncryptTo',
      encryptionContext: destinationContext,
      values: { 'kms:EncryptionAlgorithm': targetAlgorithm, 'kms:ReEncryptOnSameKey': String(isSame) },
    })
    call.record.keyArn = source.key.arn
    call.record.destinationKeyArn = target.arn
    checkPlaintext(target, targetAlgorithm, source.plaintext)
    endDryRun(input.DryRun)
    return {
      CiphertextBlob: await seal(call, target, targetAlgorithm, source.plaintext, destinationContext),
      SourceKeyId: source.key.arn,
      KeyId: target.arn,
      SourceEncryptionAlgorithm: algorithm,
      DestinationEncryptionAlgorithm: targetAlgorithm,
      ...materialMember('SourceKeyMaterialId', source.key, source.materialId),
      ...materialMember('DestinationKeyMaterialId', target),
    }
  },
)

export const symmetricOperations: Readonly<Record<string, Operation>> = {
  Encrypt: encrypt,
  Decrypt: decrypt,
  ReEncrypt: reEncrypt,
}
