import type { GlassineError } from '@glassine/core'
import { Cache } from '../cache.ts'
import type { CacheCounts, CacheOptions } from '../cache-options.ts'
import type { EncryptionContext } from '../encryption-context.ts'
import { fault, unavailable } from '../errors.ts'
import type { KeyringRequest } from '../keyring.ts'
import { RefCounted } from '../lease.ts'
import {
  type BranchKey,
  type BranchKeySource,
  branchKeyIdRule,
  branchKeyLength,
  versionBytes,
  versionText,
} from './branch-key.ts'
import { type WrappingKey, wrappingKey } from './wrap.ts'

/** The input of a function that chooses the branch key. It is the same for encryption and decryption. */
export interface BranchKeyIdRequest {
  /**
   * The encryption context's `tenant`; without one, Lambda's `context.tenantId`.
   *
   * @throws GlassineError `ERR_BINDING_INVALID` on access if there is neither
   */
  readonly tenant: string
  /** What the ciphertext is bound to: the caller's binding, and names that the format adds. */
  readonly encryptionContext: EncryptionContext
}

/** Chooses the branch key for an encryption context, for example one per tenant. Must be a pure function. */
export type BranchKeyIdSupplier = (request: BranchKeyIdRequest) => string

/** What a template literal makes of a missing value: `tenant-undefined` would be one key for all tenants. */
const absent = /(^|[^A-Za-z0-9])(undefined|null|NaN)($|[^A-Za-z0-9])|\[object /

const invalid = (message: string): GlassineError => fault('ERR_BINDING_INVALID', { message })

/** Returns the function that chooses the branch key id of each request. */
export const branchKeyIdOf = (
  option: string | BranchKeyIdSupplier,
): ((request: KeyringRequest) => string) => {
  if (typeof option !== 'function') return () => option
  return ({ tenant, context: { pairs } }) => {
    const id = option({
      get tenant() {
        const name = Object.hasOwn(pairs, 'tenant') ? pairs.tenant : tenant
        if (name === undefined || name === '') throw invalid('The encryption context has no `tenant`')
        return name
      },
      encryptionContext: pairs,
    })
    if (!branchKeyIdRule[1](id)) throw invalid('`branchKeyId` did not return a branch key id')
    if (absent.test(id)) throw invalid('`branchKeyId` returned an id that contains an absent value')
    return id
  }
}

/** A cached branch key; the caller releases it. */
type Acquired = RefCounted<WrappingKey> | Promise<RefCounted<WrappingKey>>

/** What to fetch. */
type Wanted =
  | { readonly kind: 'active' | 'beacon'; readonly branchKeyId: string }
  | { readonly kind: 'version'; readonly branchKeyId: string; readonly version: Buffer }

/** The cached branch keys of one keyring: active, by version, and for beacons. */
export interface BranchKeys {
  active(branchKeyId: string, deadline: number | undefined): Acquired
  /** @param version - 16 bytes, which may be a view of a message */
  version(branchKeyId: string, version: Buffer, deadline: number | undefined): Acquired
  beacon(branchKeyId: string, deadline: number | undefined): Acquired
  counts(): CacheCounts & { entries: number }
  clear(): void
}

/*
 * Cache ids are those of the specification (hierarchical keyring, appendix A): the scope, a version of fixed length,
 * and the branch key id. The key store's name and the partition are left out, since a cache has only one of each.
 */
const activeId = (branchKeyId: string): string => `1${branchKeyId}`
const versionId = (branchKeyId: string, version: Buffer): string =>
  `2${version.toString('latin1')}${branchKeyId}`
const beaconId = (branchKeyId: string): string => `3${branchKeyId}`

const noVersion = Buffer.alloc(0)

/** Creates the cache over a source. Nothing is fetched before the first request. */
export const branchKeys = (source: BranchKeySource, bounds: CacheOptions): BranchKeys => {
  /** Counts calls of `clear()`: a key requested before it must not be cached after it. */
  let epoch = 0

  const fetched = (wanted: Wanted, deadline: () => number): Promise<BranchKey> => {
    const { branchKeyId } = wanted
    if (wanted.kind === 'version')
      return source.getBranchKeyVersion({ branchKeyId, version: versionText(wanted.version), deadline })
    if (wanted.kind === 'beacon') return source.getBeaconKey({ branchKeyId, deadline })
    return source.getActiveBranchKey({ branchKeyId, deadline })
  }

  const cache: Cache<Wanted, WrappingKey> = new Cache(bounds, async (wanted, deadline) => {
    const began = epoch
    const shared = held(await fetched(wanted, deadline), wanted)
    // What is encrypted here is often read here next, and both records wrap the same key.
    if (wanted.kind === 'active' && began === epoch)
      cache.put(versionId(wanted.branchKeyId, shared.value.version), shared)
    return shared
  })

  return {
    active: (branchKeyId, deadline) =>
      cache.take(activeId(branchKeyId), { kind: 'active', branchKeyId }, { uses: 0, bytes: 0, deadline }),
    version: (branchKeyId, version, deadline) =>
      cache.take(
        versionId(branchKeyId, version),
        { kind: 'version', branchKeyId, version },
        { uses: 0, bytes: 0, deadline },
      ),
    beacon: (branchKeyId, deadline) =>
      cache.take(beaconId(branchKeyId), { kind: 'beacon', branchKeyId }, { uses: 0, bytes: 0, deadline }),
    counts: () => ({ ...cache.counts, entries: cache.size }),
    clear() {
      epoch++
      cache.clear()
    },
  }
}

/** Checks what the source returned, which may be written by a user, and takes ownership of the key. */
const held = (key: BranchKey, wanted: Wanted): RefCounted<WrappingKey> => {
  const { bytes } = key
  const version = wanted.kind === 'beacon' ? noVersion : versionBytes(key.version)
  const right =
    Buffer.isBuffer(bytes) &&
    bytes.length === branchKeyLength &&
    key.branchKeyId === wanted.branchKeyId &&
    version !== undefined &&
    (wanted.kind !== 'version' || version.equals(wanted.version))
  if (!right) {
    if (Buffer.isBuffer(bytes)) bytes.fill(0)
    throw unavailable('The key store returned another key than the requested one')
  }
  return new RefCounted(wrappingKey(bytes, wanted.branchKeyId, version), zero)
}

const zero = ({ bytes }: WrappingKey): void => {
  bytes.fill(0)
}
