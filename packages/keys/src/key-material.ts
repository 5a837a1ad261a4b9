import { integer, type OptionSchema, required } from '@glassine/core/internal'
import { Cache, noCounts } from './cache.ts'
import { decryptionId, encryptionIds, partitionOf } from './cache-ids.ts'
import { type KeyCacheOptions, keyCacheBounds, keyCacheSchema } from './cache-options.ts'
import { checked, decryptFailed, fault } from './errors.ts'
import type { DecryptionKeyRequest, EncryptionKeyRequest } from './key-request.ts'
import { type Keyring, keyringRule } from './keyring.ts'
import { type DataKey, dataKeyLeaseOf } from './lease.ts'
import { detached, keyLength, type Material, refCountedMaterial } from './material.ts'

/** Counters since construction; for metrics. */
export interface KeyStats {
  readonly hits: number
  readonly misses: number
  /** Misses that joined a call that was under way. */
  readonly joined: number
  /** Calls of the keyring that were made to refresh an entry ahead of its expiry. */
  readonly refreshes: number
  /** Uses of an expired entry within `cacheStaleIfError`. */
  readonly stale: number
  readonly evictions: number
  /** Refusals answered from the negative cache. */
  readonly refused: number
  /** Calls of the keyring that failed, in the background too. */
  readonly errors: number
  /** Cached keys; one that was generated here counts twice, for encryption and for decryption. */
  readonly entries: number
}

/**
 * The one cached layer of key material under all formats. Keys are leased: release each {@link DataKey} once.
 *
 * A key is zeroed when no cache entry and no lease holds it any more.
 */
export interface KeyMaterial {
  /** What stands under it, for formats whose data keys cannot be cached: items of DynamoDB. */
  readonly keyring: Keyring
  /**
   * Leases the current data key of the context, or a new one when there is none or its bounds are reached.
   *
   * @throws GlassineError `ERR_KEY_UNAVAILABLE`; `ERR_ENCRYPT_FAILED` when the wrapping key will not serve;
   * `ERR_TOO_LARGE` when `messages` or `bytes` alone exceed the bounds of a key
   */
  encryptionKey(request: EncryptionKeyRequest): Promise<DataKey>
  /** @throws GlassineError `ERR_DECRYPT_FAILED` (a definite refusal), `ERR_KEY_UNAVAILABLE` */
  decryptionKey(request: DecryptionKeyRequest): Promise<DataKey>
  stats(): KeyStats
  /** Drops all cached keys, and zeroes those that are not leased. */
  clear(): void
}

/**
 * Options of {@link keyMaterial}. `cacheMaxEntries` data keys are kept for encryption, and as many for decryption;
 * `cacheStaleIfError` is for a keyring that is unavailable.
 */
export interface KeyMaterialOptions extends KeyCacheOptions {
  /** Where data keys come from. */
  readonly keyring: Keyring
  /** How many messages one data key encrypts. Default 100,000, at most 2^32. */
  readonly cacheMaxUses?: number
  /** How many bytes of plaintext one data key encrypts. Default, and at most, 2^36. */
  readonly cacheMaxBytes?: number
}

/**
 * Makes the cached layer over a keyring: one per process and keyring. Nothing is fetched and no key is made
 * before the first request, so that it may stand at module scope.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`
 * @example
 * ```ts
 * import { keyMaterial, kmsKeyring } from '@glassine/keys'
 *
 * const keys = keyMaterial({ keyring: kmsKeyring({ keyId: 'alias/patients' }), cacheExpiry: 300_000 })
 * ```
 */
export const keyMaterial = (options: KeyMaterialOptions): KeyMaterial => {
  const {
    keyring,
    cacheMaxUses: maxUses = 100_000,
    cacheMaxBytes: maxBytes = mostBytes,
    ...kept
  } = checked(schema, options)
  const bounds = { ...keyCacheBounds(kept), maxUses, maxBytes }
  const partition = partitionOf(keyring.id)
  const encryptionId = encryptionIds(partition)
  const counts = noCounts()
  /** Moves on at `clear()`: a key that was asked for before must not be kept after it. */
  let epoch = 0

  const decryption = new Cache<DecryptionKeyRequest, Material>(
    bounds,
    async (request, deadline) => {
      const { length = keyLength, encryptedDataKeys } = request
      const bytes = await keyring.unwrap({ ...request, deadline, length })
      if (bytes === undefined) throw decryptFailed()
      return refCountedMaterial(bytes, length, encryptedDataKeys.map(detached))
    },
    counts,
  )

  const encryption = new Cache<EncryptionKeyRequest, Material>(
    bounds,
    async (request, deadline) => {
      const began = epoch
      const { suite, context, tenant } = request
      const made = await keyring.generate({ suite, context, tenant, deadline, length: keyLength })
      const shared = refCountedMaterial(made?.dataKey, keyLength, made?.encryptedDataKeys)
      // What is encrypted here is often read here next. The two entries live on their own: a key that has done its
      // share of encrypting still decrypts, and is zeroed when the last of them goes.
      const { encryptedDataKeys } = shared.value
      if (began === epoch)
        decryption.put(decryptionId(partition, { suite, context, tenant, encryptedDataKeys }), shared)
      return shared
    },
    counts,
  )

  const material: Omit<KeyMaterial, 'keyring'> = {
    encryptionKey(request) {
      const { messages, bytes, deadline } = request
      // Written so that NaN is refused too.
      if (!(messages >= 0 && messages <= maxUses && bytes >= 0 && bytes <= maxBytes))
        return Promise.reject(tooMuch(maxUses, maxBytes))
      return dataKeyLeaseOf(
        encryption.take(encryptionId(request), request, { uses: messages, bytes, deadline }),
      )
    },
    decryptionKey(request) {
      const { deadline, encryptedDataKeys } = request
      if (encryptedDataKeys.length === 0) return Promise.reject(decryptFailed())
      return dataKeyLeaseOf(
        decryption.take(decryptionId(partition, request), request, { uses: 0, bytes: 0, deadline }),
      )
    },
    stats: () => ({ ...counts, entries: encryption.size + decryption.size }),
    clear() {
      epoch++
      encryption.clear()
      decryption.clear()
    },
  }
  // Hidden: a keyring of the user's own may hold its key as a member, and what holds `keys` gets logged.
  return Object.defineProperty(material, 'keyring', { get: () => keyring }) as KeyMaterial
}

/** NIST SP 800-38D, 8.3: no more than 2^32 invocations of GCM with random nonces under one key. */
const mostUses = 2 ** 32

/** 2^32 AES blocks: GCM's confidentiality bound is about blocks^2 / 2^129, here 2^-65. */
const mostBytes = 2 ** 36

const schema: OptionSchema<KeyMaterialOptions> = {
  keyring: required(keyringRule),
  cacheMaxUses: integer(1, mostUses),
  cacheMaxBytes: integer(1, mostBytes),
  ...keyCacheSchema,
}

const tooMuch = (maxUses: number, maxBytes: number) =>
  fault('ERR_TOO_LARGE', {
    message: `One data key encrypts at most ${maxUses} messages and ${maxBytes} bytes`,
  })
