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
import type { CallBudget } from '@glassine/keys'
import { type DataKey, type EncryptionContext, type KeyMaterial, serialiseContext } from '@glassine/keys'
import { badOption, decryptFailed, packageName, unavailable } from '../errors.ts'
import { type EcPublicJwk, importPublicKey, publicJwkOf, recipientJwk, thumbprint } from '../jwk.ts'
import type { Recipient } from './recipient.ts'

/** Options of {@link wrappedRecipient}. */
export interface WrappedRecipientOptions {
  /** Key material over a keyring that may decrypt under the key that has wrapped the pair. */
  readonly keys: KeyMaterial
  /** The public key on P-256: `PublicKey` of GenerateDataKeyPairWithoutPlaintext as bytes (DER), or a JWK. */
  readonly publicKey: Uint8Array | EcPublicJwk
  /** `PrivateKeyCiphertextBlob` of the same answer. */
  readonly encryptedPrivateKey: Uint8Array
  /** ARN of the symmetric key that has wrapped it: `KeyId` of the same answer. */
  readonly keyId: string
  /** The encryption context that the pair was made with. Default: none. */
  readonly encryptionContext?: EncryptionContext
}

const schema: OptionSchema<WrappedRecipientOptions> = {
  keys: required(methods('decryptionKey')),
  publicKey: required(anyObject),
  encryptedPrivateKey: ['must be bytes', (value) => value instanceof Uint8Array && value.length > 0, true],
  keyId: required(text),
  encryptionContext: anyObject,
}

/** No suite of AWS's: see the tickets. */
const suite = 0

/**
 * How long PKCS #8 of a private key on P-256 is: with the public key, with that and the curve once more, and bare. The
 * key-material layer wants to know before it asks.
 */
const privateKeyBytes = [138, 150, 67]

/**
 * A recipient for a P-256 pair that KMS has made and wrapped (GenerateDataKeyPairWithoutPlaintext). The private key is
 * unwrapped by one symmetric Decrypt for each instance and lifetime of the cache, and stays in the function's memory as
 * long: sessions cost no call. Opens `ECDH-ES` and `ECDH-ES+A256KW`.
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
  /** The key that a cached plaintext was read to; goes when the cache lets go of the plaintext. */
  const read = new WeakMap<object, KeyObject>()
  let lengths: readonly number[] = privateKeyBytes

  const borrow = async ({ deadline, tenant }: CallBudget): Promise<DataKey> => {
    for (const length of lengths) {
      try {
        const request = { suite, context, tenant, encryptedDataKeys, length }
        const borrowed = await keys.decryptionKey({ ...request, deadline: deadline() })
        lengths = [length]
        return borrowed
      } catch (error) {
        if (!(isGlassineError(error) && error.code === 'ERR_DECRYPT_FAILED')) throw error
      }
    }
    // Not the device's fault, which sees this as an outage.
    throw unavailable('The private key could not be unwrapped')
  }

  const privateKeyOf = async (call: CallBudget): Promise<KeyObject> => {
    const borrowed = await borrow(call)
    try {
      const known = read.get(borrowed.identity)
      if (known) return known
      const key = privateKeyFrom(borrowed.bytes)
      const own = key && publicJwkOf(key)
      if (key === undefined || own === undefined || thumbprint(own) !== jwk.kid)
        throw unavailable('The unwrapped private key is not that of `publicKey`')
      read.set(borrowed.identity, key)
      return key
    } finally {
      borrowed.release()
    }
  }

  return {
    metered: false,
    jwks: async () => [jwk],
    async unwrap(request) {
      if (request.kind !== 'agree') throw decryptFailed()
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
