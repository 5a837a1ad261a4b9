import { integer, type OptionSchema, required } from '@glassine/core/internal'
import { ownerOf } from './bounded-map.ts'
import { Cache } from './cache.ts'
import { type KeyCacheOptions, keyCacheBounds, keyCacheSchema, noCounts } from './cache-options.ts'
import { checked, decryptFailed, fault } from './errors.ts'
import {
  type DecryptionKeyRequest,
  decryptionIds,
  type EncryptionKeyRequest,
  encryptionIds,
  type KeyRequest,
  partitionOf,
} from './key-request.ts'
import { type Keyring, keyringRule, Refusals } from './keyring.ts'
import { type DataKey, dataKeyLeaseOf, inspected, type RefCounted } from './lease.ts'
import { detached, keyLength, type Material, refCountedMaterial } from './material.ts'

/** Counters since construction; for metrics. */
export interface KeyStats {
  readonly hits: number
  readonly misses: number
  /** Misses that waited for a call already in flight. */
  readonly joined: number
  /** Calls of the keyring to refresh an entry before it expires. */
  readonly refreshes: number
  /** Uses of an expired entry within `cacheStaleIfError`. */
  readonly stale: number
  readonly evictions: number
  /** Refusals that were remembered, so that no call was made. */
  readonly refused: number
  /** Failed calls of the keyring, including those in the background. */
  readonly errors: number
  /** Cached keys. A key that was generated here counts twice: for encryption and for decryption. */
  readonly entries: number
}

/**
 * The cache of data keys that all formats share. Keys are leased: release each {@link DataKey} once.
 *
 * A key is zeroed when neither a cache entry nor a lease holds it.
 */
export interface KeyMaterial {
  /** The keyring underneath, for formats whose data keys cannot be cached: DynamoDB items. */
  readonly keyring: Keyring
  /**
   * Leases the current data key for the context, or a new one if there is none or its bounds are reached.
   *
   * @throws GlassineError `ERR_KEY_UNAVAILABLE`; `ERR_ENCRYPT_FAILED` when the wrapping key cannot be used;
   * `ERR_TOO_LARGE` when this request alone exceeds the bounds of a key
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
 * `cacheStaleIfError` is for a keyring that is unavailable. Times are in ms.
 */
export interface KeyMaterialOptions extends KeyCacheOptions {
  /** Where data keys come from. */
  readonly keyring: Keyring
  /** How many messages one data key encrypts. Default 100,000, at most 2^32. */
  readonly cacheMaxUses?: number
  /** How many bytes of plaintext one data key encrypts. Default 2^36, the maximum. */
  readonly cacheMaxBytes?: number
}

/**
 * Creates the cache over a keyring: one per process and keyring. Fetches and generates nothing before the first
 * request, so it can be created at module scope.
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
  const bounds = {
    ...keyCacheBounds(kept),
    maxUses,
    maxBytes,
    ownerOf: ({ context, tenant }: KeyRequest) => ownerOf(context.pairs, tenant),
  }
  const partition = partitionOf(keyring.id)
  const encryptionId = encryptionIds(partition)
  const decryptionId = decryptionIds(partition)
  const counts = noCounts()
  /** Counts calls of `clear()`: a key requested before it must not be cached after it. */
  let epoch = 0

  const decryption = new Cache<DecryptionKeyRequest, Material>(
    { ...bounds, isUnproven: ({ unproven }) => unproven !== undefined },
    async ({ unproven, ...request }, deadline) => {
      const { length = keyLength, encryptedDataKeys } = request
      unproven?.spend()
      const spend = unproven && (() => unproven.spend())
      const refusals = new Refusals()
      const { refused } = refusals
      const bytes = await keyring.unwrap({ ...request, deadline, length, refused, ...(spend && { spend }) })
      if (bytes === undefined) throw fault('ERR_DECRYPT_FAILED', refusals.cause(encryptedDataKeys))
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
      // What is encrypted here is often read here next. The two entries are independent: a key that may encrypt no
      // more still decrypts, and is zeroed when the last of them is gone.
      const { encryptedDataKeys } = shared.value
      if (began === epoch)
        decryption.put(
          decryptionId({ suite, context, tenant, encryptedDataKeys }),
          shared,
          ownerOf(context.pairs, tenant),
        )
      return shared
    },
    counts,
  )

  const material: Omit<KeyMaterial, 'keyring'> = {
    encryptionKey(request) {
      const { messages, bytes, deadline } = request
      // Written so that NaN is refused as well.
      if (!(messages >= 0 && messages <= maxUses && bytes >= 0 && bytes <= maxBytes))
        return Promise.reject(tooMuch(maxUses, maxBytes))
      return dataKeyLeaseOf(
        encryption.take(encryptionId(request), request, { uses: messages, bytes, deadline }),
      )
    },
    decryptionKey(request) {
      const { deadline, encryptedDataKeys, unproven } = request
      if (encryptedDataKeys.length === 0) return Promise.reject(decryptFailed())
      const held = decryption.take(decryptionId(request), request, { uses: 0, bytes: 0, deadline })
      return dataKeyLeaseOf(held, (shared: RefCounted<Material>) => {
        const admit = decryption.admission(shared)
        // A caller who vouches for the keys has waited for the call of one who does not.
        if (admit) unproven ? unproven.fetched(admit) : admit()
      })
    },
    stats: () => ({ ...counts, entries: encryption.size + decryption.size }),
    clear() {
      epoch++
      encryption.clear()
      decryption.clear()
    },
  }
  // Not enumerable: a custom keyring may hold its key as a member, and objects that hold `keys` get logged.
  known.set(material, (request) => decryption.knows(decryptionId(request)))
  return Object.defineProperties(material, {
    keyring: { get: () => keyring },
    [inspected]: { value: () => 'KeyMaterial' },
  }) as KeyMaterial
}

/** For {@link isCached}: what is asked between our packages only is no member. */
const known = new WeakMap<object, (request: DecryptionKeyRequest) => boolean>()

/** Whether key material has the key of a request, or is fetching it; `false` for that of others. */
export const isCached = (keys: KeyMaterial, request: DecryptionKeyRequest): boolean =>
  known.get(keys)?.(request) === true

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
