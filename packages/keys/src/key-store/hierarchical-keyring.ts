import { randomBytes } from 'node:crypto'
import type { GlassineError } from '@glassine/core'
import { methods, type OptionSchema, required, text } from '@glassine/core/internal'
import { type KeyCacheOptions, keyCacheBounds, keyCacheSchema } from '../cache-options.ts'
import { badOption, checked, isRefusal, notEncrypted, ownError } from '../errors.ts'
import type { KeyStats } from '../key-material.ts'
import type { EncryptedDataKey, Keyring, KeyringRequest } from '../keyring.ts'
import { type KeyLease, leaseOf, type RefCounted } from '../lease.ts'
import { type BranchKeySource, branchKeyIdRule } from './branch-key.ts'
import { type BranchKeyIdSupplier, branchKeyIdOf, branchKeys } from './branch-keys.ts'
import {
  freshLength,
  overhead,
  providerId,
  unwrapDataKey,
  versionOf,
  type WrappingKey,
  wrapDataKey,
} from './wrap.ts'

/**
 * Options of {@link hierarchicalKeyring}. `cacheExpiry` limits how long a rotation or a revoked permission goes
 * unnoticed. Times are in ms.
 */
export interface HierarchicalKeyringOptions extends KeyCacheOptions {
  /** Where branch keys come from: `keyStore` of `@glassine/keys/key-store`. */
  readonly keyStore: BranchKeySource
  /** One branch key for everything, or a function that chooses one, for example per tenant. */
  readonly branchKeyId: string | BranchKeyIdSupplier
}

/** A keyring over branch keys, and the beacon keys that belong to them. */
export interface HierarchicalKeyring extends Keyring {
  /**
   * Leases the beacon key of the branch key that the request is for.
   *
   * @throws GlassineError `ERR_ENCRYPT_FAILED` (a definite refusal), `ERR_KEY_UNAVAILABLE`
   */
  beaconKey(request: KeyringRequest): Promise<KeyLease>
  /** Counters of branch keys and beacon keys, not of the data keys that they wrap. */
  stats(): KeyStats
  /** Drops all cached branch keys, and zeroes those that are not in use. */
  clear(): void
}

const schema: OptionSchema<HierarchicalKeyringOptions> = {
  keyStore: required(methods('getActiveBranchKey', 'getBranchKeyVersion', 'getBeaconKey')),
  branchKeyId: [
    branchKeyIdRule[0],
    (value) => typeof value === 'function' || branchKeyIdRule[1](value),
    true,
  ],
  ...keyCacheSchema,
}

/** How many versions of a branch key one message may ask for: no writer wraps a data key twice under one. */
const maxTries = 5

/** A counter, because two functions cannot be told apart by value. Ids live in one process only. */
let made = 0

/**
 * A keyring over branch keys: AWS's hierarchical keyring (Encryption SDK specification, "AWS KMS Hierarchical
 * Keyring"), byte for byte. KMS protects a branch key, for example one per tenant, which is cached; this process wraps
 * and unwraps data keys with it, without a call.
 *
 * A message or item with another branch key than `branchKeyId` is not decrypted.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`; later, from its methods, `ERR_ENCRYPT_FAILED`, `ERR_KEY_UNAVAILABLE`,
 * and `ERR_BINDING_INVALID` when `branchKeyId` does not return an id
 * @example
 * ```ts
 * import { keyMaterial } from '@glassine/keys'
 * import { hierarchicalKeyring, keyStore } from '@glassine/keys/key-store'
 *
 * const store = keyStore({
 *   tableName: 'BranchKeys',
 *   logicalKeyStoreName: 'BranchKeys',
 *   kms: { keyArn: 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab' },
 * })
 * const keys = keyMaterial({
 *   keyring: hierarchicalKeyring({ keyStore: store, branchKeyId: ({ tenant }) => `tenant-${tenant}` }),
 * })
 * ```
 */
export const hierarchicalKeyring = (options: HierarchicalKeyringOptions): HierarchicalKeyring => {
  const { keyStore, branchKeyId, ...kept } = checked(schema, options)
  if (!text[1](keyStore.id)) throw badOption('keyStore.id', text[0])
  const idOf = branchKeyIdOf(branchKeyId)
  // Each wrap derives its own key from 16 random bytes, so the number of uses needs no limit.
  const bounds = {
    ...keyCacheBounds(kept),
    maxUses: Number.MAX_SAFE_INTEGER,
    maxBytes: Number.MAX_SAFE_INTEGER,
  }
  const keys = branchKeys(keyStore, bounds)

  const wrap = async (
    request: KeyringRequest,
    dataKey: Buffer,
    fresh: Buffer,
  ): Promise<readonly EncryptedDataKey[]> => {
    const id = idOf(request)
    const key = await sealing(keys.active(id, request.deadline()), id)
    try {
      return [wrapDataKey(key.value, request.context.bytes, dataKey, fresh)]
    } finally {
      key.release()
    }
  }

  return {
    // A function becomes null; the number tells two of them apart.
    id: `hierarchy ${JSON.stringify([keyStore.id, branchKeyId])} ${++made}`,
    async generate(request) {
      // One call of the system's generator for both, since a call costs as much as all the rest.
      const random = randomBytes(request.length + freshLength)
      const dataKey = random.subarray(0, request.length)
      try {
        return { dataKey, encryptedDataKeys: await wrap(request, dataKey, random.subarray(request.length)) }
      } catch (error) {
        dataKey.fill(0)
        throw error
      }
    },
    wrap: async (request) => wrap(request, request.dataKey, randomBytes(freshLength)),
    unwrap: unwrapUnder(keys, idOf),
    async beaconKey(request) {
      const id = idOf(request)
      return leaseOf(await sealing(keys.beacon(id, request.deadline()), id), 'beacon key')
    },
    stats: () => keys.counts(),
    clear: () => keys.clear(),
  }
}

/** The keyring's `unwrap`: tries the versions of the request's branch key that the encrypted data keys name. */
const unwrapUnder =
  (keys: ReturnType<typeof branchKeys>, idOf: ReturnType<typeof branchKeyIdOf>): Keyring['unwrap'] =>
  async (request) => {
    const { context, length, encryptedDataKeys } = request
    // Do not ask for the branch key id because of a key of another keyring.
    const candidates = encryptedDataKeys.filter(
      (one) => one.providerId === providerId && one.ciphertext.length === length + overhead,
    )
    if (candidates.length === 0) return undefined
    const id = idOf(request)
    let reason = 'it is under another branch key than this'
    const info = Buffer.from(id, 'utf8')
    let failure: GlassineError | undefined
    let tries = 0
    for (const one of candidates) {
      if (!info.equals(one.providerInfo) || tries === maxTries) continue
      // The caller has counted the first.
      if (tries++ > 0) request.spend?.()
      try {
        const key = await keys.version(id, versionOf(one), request.deadline())
        try {
          const dataKey = unwrapDataKey(key.value, context.bytes, one.ciphertext)
          if (dataKey) return dataKey
          reason = 'the branch key does not unwrap it: changed, or another encryption context'
        } finally {
          key.release()
        }
      } catch (thrown) {
        // If no other key unwraps, report every failure except a refused branch key; a configuration error first,
        // since it does not pass by itself.
        const error = ownError(thrown)
        if (error.code === 'ERR_DECRYPT_FAILED') reason = error.message
        else if (failure === undefined || isRefusal(error)) failure = error
      }
    }
    if (failure) throw failure
    request.refused?.(reason, id)
    return undefined
  }

/** Converts `ERR_DECRYPT_FAILED` of a branch key, since the caller wants to encrypt. */
const sealing = async (
  acquired: RefCounted<WrappingKey> | Promise<RefCounted<WrappingKey>>,
  branchKeyId: string,
): Promise<RefCounted<WrappingKey>> => {
  try {
    return await acquired
  } catch (thrown) {
    const error = ownError(thrown)
    throw error.code === 'ERR_DECRYPT_FAILED' ? notEncrypted(error.message, branchKeyId) : error
  }
}
