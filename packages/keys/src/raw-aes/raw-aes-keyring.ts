import { createSecretKey, KeyObject, randomBytes } from 'node:crypto'
import { types } from 'node:util'
import { type OptionSchema, type Rule, required, text } from '@glassine/core/internal'
import { type GcmAlgorithm, gcmOpen, gcmSeal, ivBytes, tagBytes } from '../crypto/aes-gcm.ts'
import { secretKey } from '../crypto/secret-key.ts'
import { badOption, checked } from '../errors.ts'
import type { EncryptedDataKey, Keyring } from '../keyring.ts'

/** Options of {@link rawAesKeyring}. */
export interface RawAesKeyringOptions {
  /** The provider id in the message's header; not `aws-kms`, which KMS keyrings own. */
  readonly namespace: string
  /** The name of the wrapping key, visible in the message's header. */
  readonly name: string
  /** The wrapping key: 16, 24 or 32 bytes, or a secret `KeyObject` of that size. */
  readonly key: Uint8Array | KeyObject
}

/** What the wrapping key must be. */
export const wrappingKeyRule: Rule = [
  'must be 16, 24 or 32 bytes, or a secret KeyObject of that size',
  (key) =>
    [16, 24, 32].includes(
      key instanceof KeyObject ? (key.symmetricKeySize ?? 0) : types.isUint8Array(key) ? key.length : 0,
    ),
]

const schema: OptionSchema<RawAesKeyringOptions> = {
  namespace: required(text),
  name: required(text),
  key: required(wrappingKeyRule),
}

/** Ids live in one process only, so a number tells keyrings apart, and no hash of a key leaves this file. */
let made = 0

/**
 * A keyring over a wrapping key of your own, with AES-GCM: AWS's Raw AES keyring (Encryption SDK specification,
 * "Raw AES Keyring"), byte for byte. You store, distribute and rotate the wrapping key yourself.
 *
 * The key's bytes go into a `KeyObject`, out of reach of `util.inspect` and of JavaScript's heap; the buffer that
 * was given stays yours, and may be zeroed when this returns.
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
  const { namespace, name, key: given } = checked(schema, options)
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
    // From the system, not from a pool: two environments restored from one snapshot would share a pool, and two
    // data keys wrapped with one IV give the wrapping key away.
    const iv = randomBytes(ivBytes)
    const ciphertext = gcmSeal(wrappingKey, iv, aad, dataKey, algorithm)
    return [{ providerId: namespace, providerInfo: Buffer.concat([header, iv]), ciphertext }]
  }

  const open = ({ providerInfo, ciphertext }: EncryptedDataKey, aad: Buffer): Buffer | undefined => {
    const tagAt = ciphertext.length - tagBytes
    const iv = providerInfo.subarray(header.length)
    return gcmOpen(wrappingKey, iv, aad, ciphertext.subarray(0, tagAt), ciphertext.subarray(tagAt), algorithm)
  }

  // Only what looks exactly like our own is tried: the tag and IV lengths of a header are never obeyed.
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
    async unwrap({ context, encryptedDataKeys, length }) {
      for (const encrypted of encryptedDataKeys) {
        const dataKey = ours(encrypted, length) ? open(encrypted, context.bytes) : undefined
        if (dataKey) return dataKey
      }
      return undefined
    },
  }
}

const keyObject = (key: Uint8Array | KeyObject): KeyObject =>
  types.isUint8Array(key) ? createSecretKey(key) : key
