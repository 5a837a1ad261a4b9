import type { KeyringRequest } from '@glassine/keys'
import { type BranchKeySource, hierarchicalKeyring } from '@glassine/keys/key-store'

const version = '3f1d9a52-7f10-4f5e-8f5c-1f6d2a3b4c5d'

/** A branch key for every tenant, in memory, and what was asked for. */
export const branchKeys = () => {
  const asked: string[] = []
  const give = (kind: string) => async (request: { branchKeyId: string }) => {
    const { branchKeyId } = request
    asked.push(`${kind} ${branchKeyId}`)
    const bytes = Buffer.alloc(32)
    bytes.write(branchKeyId)
    return { branchKeyId, version, bytes }
  }
  const keyStore: BranchKeySource = {
    id: 'memory',
    getActiveBranchKey: give('active'),
    getBranchKeyVersion: give('version'),
    getBeaconKey: give('beacon'),
  }
  const keyring = hierarchicalKeyring({ keyStore, branchKeyId: ({ tenant }) => `tenant-${tenant}` })
  const deadlines: number[] = []
  return {
    asked,
    deadlines,
    keyring: {
      ...keyring,
      generate: (request: KeyringRequest & { length: number }) => {
        deadlines.push(request.deadline())
        return keyring.generate(request)
      },
    },
  }
}
