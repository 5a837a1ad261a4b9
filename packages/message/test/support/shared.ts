import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe } from '@jest/globals'

// Beside the repository; test vectors of others are read from there, and are not part of it.
const root = path.resolve(import.meta.dirname, '../../../..')

/** A JSON file of the test vectors, or nothing where they are not at hand. */
export const sharedJson = (file: string): any => {
  const full = path.join(root, '../shared/vectors', file)
  return existsSync(full) ? JSON.parse(readFileSync(full, 'utf8')) : undefined
}

/** A `describe` that is visibly skipped where the vectors are not at hand. */
export const describeShared = (name: string, vectors: unknown, run: () => void): void => {
  if (vectors === undefined) describe.skip(`${name} (skipped: no test vectors in ../shared)`, run)
  else describe(name, run)
}
