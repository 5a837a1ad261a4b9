import type { KeyringRequest } from '@glassine/keys'
import { hierarchicalKeyring } from '@glassine/keys/key-store'
import { branchKeySource } from '@glassine/test-support'

/** A hierarchical keyring with a branch key for every tenant, and what was asked for. */
export const branchKeys = () => {
  const keyStore = branchKeySource((branchKeyId) => {
    const key = Buffer.alloc(32)
    key.write(branchKeyId)
    return key
  })
  const keyring = hierarchicalKeyring({ keyStore, branchKeyId: ({ tenant }) => `tenant-${tenant}` })
  const deadlines: number[] = []
  return {
    asked: keyStore.calls,
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
