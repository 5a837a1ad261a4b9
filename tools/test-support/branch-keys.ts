import { randomBytes, randomUUID } from 'node:crypto'
import type { BranchKey, BranchKeyRequest, BranchKeySource } from '@glassine/keys/key-store'

/** The version of each branch key that {@link branchKeySource} creates without being asked to. */
const firstVersion = '3f1d9a52-7f10-4f5e-8f5c-1f6d2a3b4c5d'

/**
 * Branch keys in memory, with a log of the calls, the returned buffers, and faults.
 *
 * @param keyOf - makes the key of an unknown branch key id; `undefined` if there is none
 */
export const branchKeySource = (keyOf: (branchKeyId: string) => Buffer | undefined = () => undefined) => {
  const versions = new Map<string, Buffer>()
  const active = new Map<string, string>()
  const beacons = new Map<string, Buffer>()
  const calls: string[] = []
  const given: Buffer[] = []
  const give = (
    branchKeyId: string,
    version?: string,
    key: Buffer | undefined = keyOf(branchKeyId),
  ): BranchKey => {
    if (!key) throw new Error('The test did not add this branch key')
    const bytes = Buffer.from(key)
    given.push(bytes)
    return { branchKeyId, version, bytes }
  }
  const source = {
    id: 'memory',
    calls,
    given,
    /** Called before every response: throws, waits, or does nothing. */
    before: (async () => {}) as (request: BranchKeyRequest) => Promise<void>,
    /** Adds a version and makes it the active one. */
    add(branchKeyId: string, key: Buffer = randomBytes(32), version: string = randomUUID()) {
      versions.set(`${branchKeyId} ${version}`, key)
      active.set(branchKeyId, version)
      if (!beacons.has(branchKeyId)) beacons.set(branchKeyId, randomBytes(32))
      return { key, version }
    },
    beaconOf: (branchKeyId: string) => beacons.get(branchKeyId)!,
    async getActiveBranchKey(request: BranchKeyRequest) {
      const { branchKeyId } = request
      calls.push(`active ${branchKeyId}`)
      await source.before(request)
      const version = active.get(branchKeyId) ?? firstVersion
      return give(branchKeyId, version, versions.get(`${branchKeyId} ${version}`))
    },
    async getBranchKeyVersion(request: BranchKeyRequest & { version: string }) {
      const { branchKeyId, version } = request
      calls.push(`version ${branchKeyId} ${version}`)
      await source.before(request)
      return give(branchKeyId, version, versions.get(`${branchKeyId} ${version}`))
    },
    async getBeaconKey(request: BranchKeyRequest) {
      const { branchKeyId } = request
      calls.push(`beacon ${branchKeyId}`)
      await source.before(request)
      return give(branchKeyId, undefined, beacons.get(branchKeyId))
    },
  }
  return source satisfies BranchKeySource
}
