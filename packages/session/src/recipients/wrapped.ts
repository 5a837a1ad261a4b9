import { createPrivateKey, diffieHellman, type KeyObject } from 'node:crypto'
import {
  anyObject,
  checkedOptions,
  isGlassineError,
  methods,
  type OptionSchema,
  required,
  text,
} from '@glassine/core/internal'
import type { CallBudget, DataKey, EncryptionContext, KeyMaterial } from '@glassine/keys'
import { serialiseContext } from '@glassine/keys/internal'
import { badOption, otherAlgorithm, packageName, unavailable } from '../errors.ts'
import { type EcPublicJwk, importPublicKey, publicJwkOf, recipientJwk, thumbprint } from '../jwk.ts'
import type { Recipient } from './recipient.ts'

/** Options of {@link wrappedRecipient}. */
export interface WrappedRecipientOptions {
  /** Key material over a keyring that may decrypt under the KMS key that wrapped the pair. */
  readonly keys: KeyMaterial
  /** The public key on P-256: `PublicKey` from GenerateDataKeyPairWithoutPlaintext as bytes (DER), or a JWK. */
  readonly publicKey: Uint8Array | EcPublicJwk
  /** `PrivateKeyCiphertextBlob` from the same response. */
  readonly encryptedPrivateKey: Uint8Array
  /** ARN of the symmetric key that wrapped the pair: `KeyId` from the same response. */
  readonly keyId: string
  /** The encryption context with which the pair was made. Default: none. */
  readonly encryptionContext?: EncryptionContext
}

const schema: OptionSchema<WrappedRecipientOptions> = {
  keys: required(methods('decryptionKey')),
  publicKey: required(anyObject),
  encryptedPrivateKey: ['must be bytes', (value) => value instanceof Uint8Array && value.length > 0, true],
  keyId: required(text),
  encryptionContext: anyObject,
}

/** None of AWS's suites has the number 0; see `ticket.ts`. */
const suite = 0

/**
 * Possible lengths of a P-256 private key in PKCS #8: with the public key, with that and the curve repeated, and bare.
 * The key-material layer needs the length before it asks.
 */
const privateKeyBytes = [138, 150, 67]

/**
 * A recipient for a P-256 pair that KMS made and wrapped (GenerateDataKeyPairWithoutPlaintext). One symmetric Decrypt
 * for each instance and cache lifetime unwraps the private key, which stays in the function's memory for that time, so
 * sessions cost no call. Opens `ECDH-ES` and `ECDH-ES+A256KW`.
 *
 * The role needs `kms:Decrypt` on the symmetric key.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`; later `ERR_KEY_UNAVAILABLE`
 * @example
 * ```ts
 * import { keyMaterial, kmsKeyring } from '@glassine/keys'
 * import { wrappedRecipient } from '@glassine/session'
 *
 * declare const pair: { publicKey: Uint8Array; privateKeyBlob: Uint8Array }
 * const keyId = 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'
 * const recipient = wrappedRecipient({
 *   keys: keyMaterial({ keyring: kmsKeyring({ keyId }) }),
 *   publicKey: pair.publicKey,
 *   encryptedPrivateKey: pair.privateKeyBlob,
 *   keyId,
 * })
 * ```
 */
export const wrappedRecipient = (options: WrappedRecipientOptions): Recipient => {
  const {
    keys,
    publicKey,
    keyId,
    encryptedPrivateKey,
    encryptionContext = {},
  } = checkedOptions(packageName, schema, options)
  const jwk = recipientJwk(publicOption(publicKey))
  const context = serialiseContext({ ...encryptionContext })
  const encryptedDataKeys = [
    {
      providerId: 'aws-kms',
      providerInfo: Buffer.from(keyId, 'utf8'),
      ciphertext: Buffer.from(encryptedPrivateKey),
    },
  ]
  /** The key parsed from a cached plaintext; collected when the cache drops the plaintext. */
  const parsed = new WeakMap<object, KeyObject>()
  let lengths: readonly number[] = privateKeyBytes

  const acquire = async ({ deadline, tenant }: CallBudget): Promise<DataKey> => {
    for (const length of lengths) {
      try {
        const request = { suite, context, tenant, encryptedDataKeys, length }
        const lease = await keys.decryptionKey({ ...request, deadline: deadline() })
        lengths = [length]
        return lease
      } catch (error) {
        if (!(isGlassineError(error) && error.code === 'ERR_DECRYPT_FAILED')) throw error
      }
    }
    // Not the device's fault: it sees an outage.
    throw unavailable('The private key could not be unwrapped')
  }

  const privateKeyOf = async (call: CallBudget): Promise<KeyObject> => {
    const lease = await acquire(call)
    try {
      const cached = parsed.get(lease.identity)
      if (cached) return cached
      const key = privateKeyFrom(lease.bytes)
      const publicJwk = key && publicJwkOf(key)
      if (key === undefined || publicJwk === undefined || thumbprint(publicJwk) !== jwk.kid)
        throw unavailable('The unwrapped private key does not belong to `publicKey`')
      parsed.set(lease.identity, key)
      return key
    } finally {
      lease.release()
    }
  }

  return {
    metered: false,
    jwks: async () => [jwk],
    async unwrap(request) {
      if (request.kind !== 'agree') throw otherAlgorithm()
      return diffieHellman({ privateKey: await privateKeyOf(request), publicKey: request.publicKey })
    },
  }
}

const privateKeyFrom = (der: Buffer): KeyObject | undefined => {
  try {
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  } catch {
    return undefined
  }
}

const publicOption = (value: unknown): EcPublicJwk => {
  const key = importPublicKey(value)
  const jwk = key && publicJwkOf(key)
  if (jwk?.kty !== 'EC') throw badOption('publicKey', 'must be a public key on P-256, as DER or JWK')
  return jwk
}
