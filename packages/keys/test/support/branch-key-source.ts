import { randomBytes, randomUUID } from 'node:crypto'
import type { BranchKey, BranchKeyRequest, BranchKeySource } from '@glassine/keys/key-store'

/** Branch keys in memory, with a count of what was asked for, the buffers that were given away, and faults. */
export const branchKeySource = () => {
  const versions = new Map<string, Buffer>()
  const active = new Map<string, string>()
  const beacons = new Map<string, Buffer>()
  const calls: string[] = []
  const given: Buffer[] = []
  const give = (branchKeyId: string, key: Buffer | undefined, version?: string): BranchKey => {
    if (!key) throw new Error('the test asked for a branch key that it did not make')
    const bytes = Buffer.from(key)
    given.push(bytes)
    return { branchKeyId, version, bytes }
  }
  const source = {
    id: 'memory',
    calls,
    given,
    /** Called before every answer: throws, waits, or does nothing. */
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
      const version = active.get(branchKeyId)
      return give(branchKeyId, versions.get(`${branchKeyId} ${version}`), version)
    },
    async getBranchKeyVersion(request: BranchKeyRequest & { version: string }) {
      const { branchKeyId, version } = request
      calls.push(`version ${branchKeyId} ${version}`)
      await source.before(request)
      return give(branchKeyId, versions.get(`${branchKeyId} ${version}`), version)
    },
    async getBeaconKey(request: BranchKeyRequest) {
      const { branchKeyId } = request
      calls.push(`beacon ${branchKeyId}`)
      await source.before(request)
      return give(branchKeyId, beacons.get(branchKeyId))
    },
  }
  return source satisfies BranchKeySource
}
