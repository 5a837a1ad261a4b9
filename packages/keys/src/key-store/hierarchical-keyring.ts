import { randomBytes } from 'node:crypto'
import type { GlassineError } from '@glassine/core'
import { methods, type OptionSchema, required, text } from '@glassine/core/internal'
import type { BranchKeySource } from '../branch-key.ts'
import { branchKeyIdRule } from '../branch-key-id.ts'
import { type KeyCacheOptions, keyCacheBounds, keyCacheSchema } from '../cache-options.ts'
import { badOption, checked, isRefusal, notEncrypted, ownError } from '../errors.ts'
import type { KeyStats } from '../key-material.ts'
import type { EncryptedDataKey, Keyring, KeyringRequest } from '../keyring.ts'
import { type KeyLease, leaseOf } from '../lease.ts'
import type { RefCounted } from '../ref-counted.ts'
import { type BranchKeyIdSupplier, branchKeyIdOf } from './hierarchy/branch-key-id.ts'
import { branchKeys } from './hierarchy/branch-keys.ts'
import {
  freshLength,
  overhead,
  providerId,
  unwrapDataKey,
  versionOf,
  type WrappingKey,
  wrapDataKey,
} from './hierarchy/wrap.ts'

/** Options of {@link hierarchicalKeyring}. `cacheExpiry` bounds how long a rotation or a withdrawn right goes unseen. */
export interface HierarchicalKeyringOptions extends KeyCacheOptions {
  /** Where branch keys come from: `keyStore` of `@glassine/keys/key-store`. */
  readonly keyStore: BranchKeySource
  /** The branch key of everything, or what chooses one by the encryption context: a key for each tenant. */
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
  /** Counters of the branch keys and beacon keys; not of what is wrapped by them. */
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

/** Ids live in one process only, and functions have no name to go by. */
let made = 0

/**
 * A keyring over branch keys: AWS's hierarchical keyring (Encryption SDK specification, "AWS KMS Hierarchical
 * Keyring"), byte for byte. KMS protects a branch key, one per tenant say, and that is cached; data keys are wrapped
 * and unwrapped with it in this process, without a call.
 *
 * A message or item that names another branch key than `branchKeyId` is not opened.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`; later, from its methods, `ERR_ENCRYPT_FAILED`, `ERR_KEY_UNAVAILABLE`,
 * and `ERR_BINDING_INVALID` when `branchKeyId` returns no id
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
  // Each wrap derives a key of its own from 16 random bytes, so that no count of uses is ever reached.
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
    const key = await sealing(keys.active(idOf(request), request.deadline()))
    try {
      return [wrapDataKey(key.value, request.context.bytes, dataKey, fresh)]
    } finally {
      key.release()
    }
  }

  return {
    id: `hierarchy ${JSON.stringify([keyStore.id, typeof branchKeyId === 'string' ? branchKeyId : null])} ${++made}`,
    async generate(request) {
      // One call of the system's generator for both: it costs as much as the rest.
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
    async unwrap(request) {
      const { context, length, encryptedDataKeys } = request
      // What is for another keyring is no reason to ask for the branch key's id.
      const candidates = encryptedDataKeys.filter(
        (one) => one.providerId === providerId && one.ciphertext.length === length + overhead,
      )
      if (candidates.length === 0) return undefined
      const id = idOf(request)
      const info = Buffer.from(id, 'utf8')
      let failure: GlassineError | undefined
      for (const one of candidates) {
        if (!info.equals(one.providerInfo)) continue
        try {
          const key = await keys.version(id, versionOf(one), request.deadline())
          try {
            const dataKey = unwrapDataKey(key.value, context.bytes, one.ciphertext)
            if (dataKey) return dataKey
          } finally {
            key.release()
          }
        } catch (thrown) {
          // Anything but a branch key that cannot be had must be told when no other opens; above all a fault in
          // the configuration, which will not pass by itself.
          const error = ownError(thrown)
          if (error.code === 'ERR_DECRYPT_FAILED') continue
          if (failure === undefined || isRefusal(error)) failure = error
        }
      }
      if (failure) throw failure
      return undefined
    },
    beaconKey: async (request) =>
      leaseOf(await sealing(keys.beacon(idOf(request), request.deadline())), 'beacon key'),
    stats: () => keys.counts(),
    clear: () => keys.clear(),
  }
}

/** A branch key that cannot be opened is told as what it means to the caller, who wants to encrypt. */
const sealing = async (
  acquired: RefCounted<WrappingKey> | Promise<RefCounted<WrappingKey>>,
): Promise<RefCounted<WrappingKey>> => {
  try {
    return await acquired
  } catch (thrown) {
    const error = ownError(thrown)
    throw error.code === 'ERR_DECRYPT_FAILED' ? notEncrypted(error.message) : error
  }
}
