/** Sign, Verify, GetPublicKey, DeriveSharedSecret. */
import { createHash, createPublicKey, diffieHellman, type KeyObject } from 'node:crypto'
import { type Call, endDryRun, type Operation, operation } from '../call.ts'
import { checkAlgorithm } from '../cipher.ts'
import { invalid, KmsError, unsupported } from '../errors.ts'
import { privateKeyOf } from '../material.ts'
import { blob, flag, oneOf, required } from '../shape.ts'
import { signDigest, verifyDigest } from '../signature.ts'
import { abilityOf, hashOf, isAsymmetric, type SigningAlgorithm, signingAlgorithms } from '../specs.ts'
import type { KmsKey } from '../state.ts'
import { useKey } from '../use-key.ts'
import { grantTokens, keyId, noRecipient, recipient } from './members.ts'

const members = () => ({
  KeyId: required(keyId()),
  Message: required(blob({ min: 1, max: 4096 })),
  MessageType: oneOf(['RAW', 'DIGEST']),
  SigningAlgorithm: required(oneOf(signingAlgorithms)),
  GrantTokens: grantTokens(),
  DryRun: flag(),
})

interface SignatureInput {
  readonly KeyId: string
  readonly Message: Buffer
  readonly MessageType: 'RAW' | 'DIGEST' | undefined
  readonly SigningAlgorithm: SigningAlgorithm
  readonly GrantTokens: readonly string[] | undefined
}

/** The common half of Sign and Verify: the key, and the digest that is signed. */
const signingKey = (call: Call, input: SignatureInput): { key: KmsKey; digest: Buffer } => {
  const key = useKey(call, input.KeyId, {
    alias: true,
    usage: 'SIGN_VERIFY',
    grantTokens: input.GrantTokens,
    values: {
      'kms:MessageType': input.MessageType ?? 'RAW',
      'kms:SigningAlgorithm': input.SigningAlgorithm,
    },
  })
  const algorithm = input.SigningAlgorithm
  checkAlgorithm(key, algorithm)
  const hash = hashOf(algorithm)
  if (input.MessageType !== 'DIGEST') return { key, digest: createHash(hash).update(input.Message).digest() }
  if (input.Message.length !== Number(hash.slice('sha'.length)) / 8) {
    throw invalid(`Digest is invalid length for algorithm ${algorithm}.`)
  }
  return { key, digest: input.Message }
}

const sign = operation(members(), async (input, call) => {
  const { key, digest } = signingKey(call, input)
  endDryRun(input.DryRun)
  const privateKey = await privateKeyOf(call.state, key.core)
  return {
    KeyId: key.arn,
    Signature: signDigest(privateKey, key.core.spec, input.SigningAlgorithm, digest),
    SigningAlgorithm: input.SigningAlgorithm,
  }
})

/** A wrong signature is an error, never `SignatureValid: false`. */
const verify = operation(
  { ...members(), Signature: required(blob({ min: 1, max: 6144 })) },
  async (input, call) => {
    const { key, digest } = signingKey(call, input)
    const privateKey = await privateKeyOf(call.state, key.core)
    if (!verifyDigest(privateKey, key.core.spec, input.SigningAlgorithm, digest, input.Signature)) {
      throw new KmsError('KMSInvalidSignatureException')
    }
    endDryRun(input.DryRun)
    return { KeyId: key.arn, SignatureValid: true, SigningAlgorithm: input.SigningAlgorithm }
  },
)

/** Refused for a disabled key, although the response is public. */
const getPublicKey = operation(
  { KeyId: required(keyId()), GrantTokens: grantTokens() },
  async ({ KeyId, GrantTokens }, call) => {
    const key = useKey(call, KeyId, { alias: true, grantTokens: GrantTokens })
    const { spec, usage } = key.core
    if (!isAsymmetric(spec)) {
      throw unsupported(`${key.arn} key spec is ${spec} which is not valid for GetPublicKey.`)
    }
    const { member, algorithms } = abilityOf(spec, usage)
    const privateKey = await privateKeyOf(call.state, key.core)
    return {
      KeyId: key.arn,
      PublicKey: createPublicKey(privateKey).export({ format: 'der', type: 'spki' }),
      CustomerMasterKeySpec: spec,
      KeySpec: spec,
      KeyUsage: usage,
      [member]: algorithms,
    }
  },
)

/** The raw x coordinate, as in KMS: callers must derive keys from it. */
const agree = (privateKey: KeyObject, peer: Buffer): Buffer => {
  try {
    const publicKey = createPublicKey({ key: peer, format: 'der', type: 'spki' })
    return diffieHellman({ privateKey, publicKey })
  } catch {
    // Not a public key, or one on another curve.
    throw invalid()
  }
}

const deriveSharedSecret = operation(
  {
    KeyId: required(keyId()),
    KeyAgreementAlgorithm: required(oneOf(['ECDH'])),
    PublicKey: required(blob({ min: 1, max: 8192 })),
    GrantTokens: grantTokens(),
    DryRun: flag(),
    Recipient: recipient(),
  },
  async (input, call) => {
    noRecipient(input.Recipient)
    const key = useKey(call, input.KeyId, {
      alias: true,
      usage: 'KEY_AGREEMENT',
      grantTokens: input.GrantTokens,
    })
    const secret = agree(await privateKeyOf(call.state, key.core), input.PublicKey)
    endDryRun(input.DryRun)
    return {
      KeyId: key.arn,
      SharedSecret: secret,
      KeyAgreementAlgorithm: input.KeyAgreementAlgorithm,
      KeyOrigin: key.core.origin,
    }
  },
)

export const asymmetricOperations: Readonly<Record<string, Operation>> = {
  Sign: sign,
  Verify: verify,
  GetPublicKey: getPublicKey,
  DeriveSharedSecret: deriveSharedSecret,
}
