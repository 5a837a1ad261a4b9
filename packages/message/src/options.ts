import { hasMethods, integer, type Rule } from '@glassine/core/internal'
import type { KeyMaterial } from '@glassine/keys'
import { packageName } from './errors.ts'
import type { ReaderLimits } from './header.ts'
import { committingSuites, type LegacySuite, readableSuites, type Suite } from './suites.ts'
import type { WriterOptions } from './writer.ts'

/** Whether it is key material, not a keyring. */
export const isKeyMaterial = (source: unknown): source is KeyMaterial =>
  hasMethods(source, ['encryptionKey', 'decryptionKey'])

const suiteOf = (value: unknown): Suite | undefined =>
  committingSuites.find(({ name, id }) => name === value || id === value)

/** Rules for the options that envelopes and the functions on bytes share. */
export const rules = {
  /** The suite to write, by its name or its number. */
  suite: [
    `must be ${committingSuites.map(({ name }) => name).join(' or ')}: only committing suites are written`,
    (value) => suiteOf(value) !== undefined,
  ],
  /** Names that are authenticated but not stored. */
  requiredContext: [
    'must be an array of distinct names',
    (value) =>
      Array.isArray(value) &&
      new Set(value).size === value.length &&
      value.every((name) => typeof name === 'string' && name !== '' && !name.startsWith('aws-crypto-')),
  ],
  maxEncryptedDataKeys: integer(1, 0xffff),
  /** In bytes: any u32 except 0. */
  frameLength: integer(1, 0xffffffff),
  legacySuites: [
    `must be an array of suites of \`${packageName}/legacy\``,
    (value) =>
      Array.isArray(value) &&
      value.every((suite) => suite?.version === 1 && hasMethods(suite, ['cipherKey'])),
  ],
} as const satisfies Readonly<Record<string, Rule>>

/** Default for the most encrypted data keys in a message. AWS has no limit by default. */
const defaultMaxKeys = 5

/** How messages are written, from checked options. The default frame length is AWS's. */
export const writerOptionsOf = (
  suite: string | number = committingSuites[0]!.id,
  frameLength = 4_096,
  maxEncryptedDataKeys = defaultMaxKeys,
): WriterOptions => ({ suite: suiteOf(suite)!, frameLength, maxEncryptedDataKeys })

/** What may be read, from checked options. */
export const readerLimits = (
  maxEncryptedDataKeys = defaultMaxKeys,
  legacySuites: readonly LegacySuite[] = [],
  maxHeaderBytes = 16_384,
): ReaderLimits => ({ suites: readableSuites(legacySuites), maxEncryptedDataKeys, maxHeaderBytes })
