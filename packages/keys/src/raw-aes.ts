import { createSecretKey, KeyObject, randomBytes } from 'node:crypto'
import { types } from 'node:util'
import { flag, type OptionSchema, type Rule, required, text } from '@glassine/core/internal'
import { type GcmAlgorithm, gcmOpen, gcmSeal, ivBytes, secretKey, tagBytes } from './crypto/symmetric.ts'
import { badOption, checked, refuseInLambda } from './errors.ts'
import type { EncryptedDataKey, Keyring } from './keyring.ts'

/** Options of {@link rawAesKeyring}. */
export interface RawAesKeyringOptions {
  /** The provider id in the message's header; not `aws-kms`, which is reserved for KMS keyrings. */
  readonly namespace: string
  /** The name of the wrapping key, visible in the message's header. */
  readonly name: string
  /** The wrapping key: 16, 24 or 32 bytes, or a secret `KeyObject` of that size. */
  readonly key: Uint8Array | KeyObject
}

/** What the wrapping key must be. */
const wrappingKeyRule: Rule = [
  'must be 16, 24 or 32 bytes, or a secret KeyObject of that size',
  (key) =>
    [16, 24, 32].includes(
      key instanceof KeyObject ? (key.symmetricKeySize ?? 0) : types.isUint8Array(key) ? key.length : 0,
    ),
]

const rawAesSchema: OptionSchema<RawAesKeyringOptions> = {
  namespace: required(text),
  name: required(text),
  key: required(wrappingKeyRule),
}

/** A counter is enough, since ids live in one process only; and no hash of a key leaves this file. */
let made = 0

/**
 * A keyring over a wrapping key of your own, with AES-GCM: AWS's Raw AES keyring (Encryption SDK specification,
 * "Raw AES Keyring"), byte for byte. You store, distribute and rotate the wrapping key yourself.
 *
 * The key is copied into a `KeyObject`, outside of JavaScript's heap and hidden from `util.inspect`. The buffer that
 * you pass stays yours; you may zero it when this function returns.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`
 * @example
 * ```ts
 * import { randomBytes } from 'node:crypto'
 * import { rawAesKeyring } from '@glassine/keys/raw-aes'
 *
 * const keyring = rawAesKeyring({ namespace: 'clinic', name: '2026-01', key: randomBytes(32) })
 * ```
 */
export const rawAesKeyring = (options: RawAesKeyringOptions): Keyring => {
  const { namespace, name, key: given } = checked(rawAesSchema, options)
  if (namespace.startsWith('aws-kms')) throw badOption('namespace', 'must not be `aws-kms`')
  const key = keyObject(given)
  const wrappingKey = secretKey(key)
  const algorithm = `aes-${key.symmetricKeySize! * 8}-gcm` as GcmAlgorithm
  // Key name, tag length in bits, IV length in bytes; the IV follows.
  const header = Buffer.alloc(Buffer.byteLength(name) + 8)
  const at = header.write(name, 'utf8')
  header.writeUInt32BE(tagBytes * 8, at)
  header.writeUInt32BE(ivBytes, at + 4)

  const seal = (dataKey: Buffer, aad: Buffer): readonly EncryptedDataKey[] => {
    // From the system, not from a pool: two environments restored from one snapshot would share the pool, and AES-GCM
    // loses its security when one IV is used twice under a key.
    const iv = randomBytes(ivBytes)
    const ciphertext = Buffer.concat(gcmSeal(wrappingKey, iv, aad, dataKey, algorithm))
    return [{ providerId: namespace, providerInfo: Buffer.concat([header, iv]), ciphertext }]
  }

  const open = ({ providerInfo, ciphertext }: EncryptedDataKey, aad: Buffer): Buffer | undefined => {
    const tagAt = ciphertext.length - tagBytes
    const iv = providerInfo.subarray(header.length)
    return gcmOpen(wrappingKey, iv, aad, ciphertext.subarray(0, tagAt), ciphertext.subarray(tagAt), algorithm)
  }

  // Only headers exactly like our own are tried: the tag and IV lengths in a header are never obeyed.
  const ours = ({ providerId, providerInfo, ciphertext }: EncryptedDataKey, length: number): boolean =>
    providerId === namespace &&
    providerInfo.length === header.length + ivBytes &&
    providerInfo.subarray(0, header.length).equals(header) &&
    ciphertext.length === length + tagBytes

  return {
    id: `raw-aes ${JSON.stringify([namespace, name])} ${++made}`,
    async generate({ context, length }) {
      const dataKey = randomBytes(length)
      try {
        return { dataKey, encryptedDataKeys: seal(dataKey, context.bytes) }
      } catch (error) {
        dataKey.fill(0)
        throw error
      }
    },
    wrap: async ({ context, dataKey }) => seal(dataKey, context.bytes),
    async unwrap({ context, encryptedDataKeys, length, refused }) {
      for (const encrypted of encryptedDataKeys) {
        if (!ours(encrypted, length)) continue
        const dataKey = open(encrypted, context.bytes)
        if (dataKey) return dataKey
        refused?.('the raw key does not unwrap it: changed, another key, or another encryption context')
      }
      return undefined
    },
  }
}

const keyObject = (key: Uint8Array | KeyObject): KeyObject =>
  types.isUint8Array(key) ? createSecretKey(key) : key

/** Options of {@link localKeyring}. */
export interface LocalKeyringOptions {
  /** The wrapping key, 32 bytes; default: a random one, which is lost when the process ends. */
  readonly key?: RawAesKeyringOptions['key']
  /** `true`: start in AWS Lambda too. Default `false`. */
  readonly allowInLambda?: boolean
}

const localSchema: OptionSchema<LocalKeyringOptions> = { key: wrappingKeyRule, allowInLambda: flag }

/**
 * A keyring for development and tests, which needs no AWS account: a {@link rawAesKeyring} with the namespace
 * `local`. Refuses to start where `AWS_LAMBDA_FUNCTION_NAME` is set.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`
 * @example
 * ```ts
 * import { keyMaterial } from '@glassine/keys'
 * import { localKeyring } from '@glassine/keys/raw-aes'
 *
 * const keys = keyMaterial({ keyring: localKeyring() })
 * ```
 */
export const localKeyring = (options: LocalKeyringOptions = {}): Keyring => {
  const { key, allowInLambda } = checked(localSchema, options)
  refuseInLambda(allowInLambda, 'kmsKeyring')
  if (key !== undefined) return rawAesKeyring({ namespace: 'local', name: 'local', key })
  const random = randomBytes(32)
  try {
    return rawAesKeyring({ namespace: 'local', name: 'local', key: random })
  } finally {
    random.fill(0)
  }
}
