import {
  type BranchKey,
  type BranchKeySource,
  branchKeyLength,
  versionBytes,
  versionText,
} from '../../branch-key.ts'
import { Cache, type CacheCounts, type CacheOptions } from '../../cache.ts'
import { unavailable } from '../../errors.ts'
import { RefCounted } from '../../ref-counted.ts'
import { type WrappingKey, wrappingKey } from './wrap.ts'

/** A cached branch key; the caller releases it. */
type Acquired = RefCounted<WrappingKey> | Promise<RefCounted<WrappingKey>>

/** What one fetch is about. */
type Wanted =
  | { readonly kind: 'active' | 'beacon'; readonly branchKeyId: string }
  | { readonly kind: 'version'; readonly branchKeyId: string; readonly version: Buffer }

/** The branch keys of one keyring: active, by version, and for beacons. */
export interface BranchKeys {
  active(branchKeyId: string, deadline: number | undefined): Acquired
  /** @param version - 16 bytes, which may be a view of a message */
  version(branchKeyId: string, version: Buffer, deadline: number | undefined): Acquired
  beacon(branchKeyId: string, deadline: number | undefined): Acquired
  counts(): CacheCounts & { entries: number }
  clear(): void
}

/*
 * Cache keys are those of the specification (hierarchical keyring, appendix A) without what is the same for all
 * of one cache, the key store's name and the partition: the scope, a version of fixed length, the branch key id.
 */
const activeId = (branchKeyId: string): string => `1${branchKeyId}`
const versionId = (branchKeyId: string, version: Buffer): string =>
  `2${version.toString('latin1')}${branchKeyId}`
const beaconId = (branchKeyId: string): string => `3${branchKeyId}`

const noVersion = Buffer.alloc(0)

/** Makes the cache over a source. Nothing is fetched before the first key is asked for. */
export const branchKeys = (source: BranchKeySource, bounds: CacheOptions): BranchKeys => {
  /** Moves on at `clear()`: a key that was asked for before must not be kept after it. */
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

/** Takes over what the source answered, after a check: sources are written by users too. */
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
    throw unavailable('The key store answered with another key than it was asked for')
  }
  return new RefCounted(wrappingKey(bytes, wanted.branchKeyId, version), zero)
}

const zero = ({ bytes }: WrappingKey): void => {
  bytes.fill(0)
}
