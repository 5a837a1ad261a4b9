import { isGlassineError } from '@glassine/core/internal'
import { notEncrypted } from '../errors.ts'
import type { EncryptedDataKey, Keyring, KeyringRequest, UnwrapRequest, WrapRequest } from '../keyring.ts'
import { answeredKey, checkDecrypter, checkedAnswer, takeBlob, takePlaintext } from './answers.ts'
import { type KeyArn, type KeyReference, keyArnOf } from './arn.ts'
import { kmsOperations } from './aws-sdk.ts'
import { type KmsCallOptions, type KmsInput, type KmsOperations, kmsKeyringOperations } from './operations.ts'
import { checkedKmsOptions, type KmsKeyringOptions } from './options.ts'
import { type Call, firstAnswer } from './retry.ts'
import { type Target, targetsOf } from './targets.ts'

const providerId = 'aws-kms'

/** Ids live in one process only: an alias means another key for another client, so a number tells keyrings apart. */
let made = 0

/**
 * A keyring over AWS KMS: data keys are made by GenerateDataKey under `keyId`, wrapped by Encrypt under each of
 * `keyIds`, and opened by Decrypt (AWS's KMS keyrings, multi-Region keys included).
 *
 * Decrypts under configured keys only: an encrypted data key whose ARN none of the options allows causes no call.
 * `KeyId` is always sent, and the answer's is compared.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`; later, from its methods, `ERR_TLS_REQUIRED` when the endpoint is not
 * https, `ERR_ENCRYPT_FAILED` and `ERR_KEY_UNAVAILABLE`
 * @example
 * ```ts
 * import { keyMaterial, kmsKeyring } from '@glassine/keys'
 *
 * const keys = keyMaterial({ keyring: kmsKeyring({ keyId: 'alias/patients' }) })
 * // Decrypts what any key of an account has wrapped, and encrypts nothing:
 * const reader = kmsKeyring({ allow: { accountIds: ['111122223333'], regions: ['eu-west-1'] } })
 * ```
 */
export const kmsKeyring = (options: KmsKeyringOptions): Keyring => {
  const { generates, references, allowed } = checkedKmsOptions(options)
  const { grantTokens } = options
  const operations = kmsOperations(options, kmsKeyringOperations)
  const tokens = grantTokens?.length ? { GrantTokens: grantTokens } : undefined
  const aliases = new Map<string, KeyArn>()
  const ownRegion = regionOf(operations, references, allowed.accountIds.length > 0)

  const encrypted = (key: KeyArn, reference: KeyReference, blob: Buffer): EncryptedDataKey => {
    if (reference.text.startsWith('alias/')) aliases.set(reference.text, key)
    return { providerId, providerInfo: Buffer.from(key.arn, 'utf8'), ciphertext: blob }
  }

  /** One operation under one configured key, with retries. */
  const under = async <T>(
    what: string,
    reference: KeyReference,
    request: KeyringRequest,
    call: (input: KmsInput, options: KmsCallOptions) => Promise<T>,
  ): Promise<T> => {
    const { text, region } = reference
    const input = { KeyId: text, EncryptionContext: request.context.pairs, ...tokens }
    const result = await firstAnswer<T>([(signal) => call(input, { signal, region })], request.deadline)
    if ('answer' in result) return result.answer
    throw notEncrypted(`KMS refused to ${what}: ${result.refusals.join(', ')}`)
  }

  const wrapUnder = (reference: KeyReference, request: WrapRequest): Promise<EncryptedDataKey> =>
    under('encrypt a data key', reference, request, async (input, call) => {
      const answer = await operations.encrypt({ ...input, Plaintext: request.dataKey }, call)
      return encrypted(answeredKey(answer, reference), reference, takeBlob(answer))
    })

  const wrapAll = async (keys: readonly KeyReference[], request: WrapRequest) => {
    // All are waited for, also after a failure: the data key is zeroed then, and none may be at work on it.
    const answers = await Promise.allSettled(keys.map((reference) => wrapUnder(reference, request)))
    for (const answer of answers) if (answer.status === 'rejected') throw answer.reason
    return answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
  }

  const generatorOf = (): KeyReference => {
    if (generates) return references[0]!
    throw notEncrypted('A KMS keyring without `keyId` only decrypts')
  }

  const decryptCall =
    (encryptedDataKey: EncryptedDataKey, target: Target, request: UnwrapRequest): Call<Buffer> =>
    async (signal) => {
      const { keyId, region } = target
      const answer = await operations.decrypt(
        {
          KeyId: keyId,
          CiphertextBlob: encryptedDataKey.ciphertext,
          EncryptionContext: request.context.pairs,
          ...tokens,
        },
        { signal, region },
      )
      return checkedAnswer(answer, () => {
        const key = checkDecrypter(answer, target)
        if (keyId.startsWith('alias/')) aliases.set(keyId, key)
        return takePlaintext(answer, request.length)
      })
    }

  return {
    id: `kms ${JSON.stringify([references.map(({ text }) => text), allowed])} ${++made}`,
    async generate(request) {
      const generator = generatorOf()
      const { length } = request
      const first = await under('generate a data key', generator, request, async (input, call) => {
        const answer = await operations.generateDataKey({ ...input, NumberOfBytes: length }, call)
        return checkedAnswer(answer, () => {
          const wrapped = encrypted(answeredKey(answer, generator), generator, takeBlob(answer))
          return { dataKey: takePlaintext(answer, length), wrapped }
        })
      })
      const { dataKey, wrapped } = first
      try {
        const more = await wrapAll(references.slice(1), { ...request, dataKey })
        return { dataKey, encryptedDataKeys: [wrapped, ...more] }
      } catch (error) {
        dataKey.fill(0)
        throw error
      }
    },
    async wrap(request) {
      generatorOf()
      return wrapAll(references, request)
    },
    async unwrap(request) {
      const keys = request.encryptedDataKeys.flatMap((one) => {
        const key = one.providerId === providerId ? keyArnOf(one.providerInfo.toString('utf8')) : undefined
        return key ? [{ one, key }] : []
      })
      if (keys.length === 0) return undefined
      const known = { region: await ownRegion(), aliases }
      const calls = keys.flatMap(({ one, key }) =>
        targetsOf(key, references, allowed, known).map((target) => decryptCall(one, target, request)),
      )
      if (calls.length === 0) return undefined
      const result = await firstAnswer(calls, request.deadline)
      return 'answer' in result ? result.answer : undefined
    },
  }
}

/**
 * The client's own Region, asked for once, and only where the options leave it open. One that is not known stays
 * `undefined`: then an alias is left to KMS, and accounts without `regions` open nothing.
 */
const regionOf = (
  operations: KmsOperations,
  references: readonly KeyReference[],
  accounts: boolean,
): (() => Promise<string | undefined>) => {
  if (!accounts && references.every(({ region }) => region !== undefined)) return async () => undefined
  let asked: Promise<string | undefined> | undefined
  return async () => {
    asked ??= Promise.resolve(operations.region?.())
    try {
      return await asked
    } catch (error) {
      asked = undefined
      if (isGlassineError(error)) throw error
      return undefined
    }
  }
}
