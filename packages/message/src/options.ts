import { optionError } from '@glassine/core'
import type { KeyMaterial } from '@glassine/keys'
import { from } from './errors.ts'
import type { ReaderLimits } from './header/scan.ts'
import { committingSuites, type LegacySuite, readableSuites, type Suite } from './suites.ts'

/** Encrypted data keys in a message, at most, unless the caller says otherwise. AWS's default is no limit. */
export const defaultMaxEncryptedDataKeys = 5

/** Bytes of plaintext in a frame unless the caller says otherwise: AWS's default. */
export const defaultFrameLength = 4_096

const integer = (option: string, value: unknown, max: number): number => {
  if (!Number.isInteger(value) || (value as number) < 1 || (value as number) > max)
    throw optionError(from, option, `must be an integer from 1 to ${max}`)
  return value as number
}

/** Checks `frameLength`, in bytes: any number of the format's u32 but 0. */
export const checkedFrameLength = (value: unknown = defaultFrameLength): number =>
  integer('frameLength', value, 0xffffffff)

/** Checks `maxEncryptedDataKeys`. */
export const checkedMaxKeys = (value: unknown = defaultMaxEncryptedDataKeys): number =>
  integer('maxEncryptedDataKeys', value, 0xffff)

/** Checks `requiredContext`: names that are authenticated and not stored. */
export const checkedRequired = (value: unknown = []): readonly string[] => {
  const valid =
    Array.isArray(value) &&
    new Set(value).size === value.length &&
    value.every((name) => typeof name === 'string' && name !== '' && !name.startsWith('aws-crypto-'))
  if (!valid) throw optionError(from, 'requiredContext', 'must be an array of distinct names')
  return value
}

/** Checks `legacySuites`. */
export const checkedLegacySuites = (value: unknown = []): readonly LegacySuite[] => {
  if (!Array.isArray(value) || !value.every((suite) => suite?.version === 1))
    throw optionError(from, 'legacySuites', `must be an array of suites of \`${from}/legacy\``)
  return value
}

/** What may be read under these options. */
export const readerLimits = (maxEncryptedDataKeys?: unknown, legacySuites?: unknown): ReaderLimits =>
  // Nearly every call of the functions on bytes: nothing to make.
  maxEncryptedDataKeys === undefined && legacySuites === undefined
    ? defaultLimits
    : {
        suites: readableSuites(checkedLegacySuites(legacySuites)),
        maxEncryptedDataKeys: checkedMaxKeys(maxEncryptedDataKeys),
      }

const defaultLimits: ReaderLimits = {
  suites: readableSuites([]),
  maxEncryptedDataKeys: defaultMaxEncryptedDataKeys,
}

/** Throws for an option of a name that is not known: a misspelt one must not become a default in silence. */
export const refuseUnknown = (options: object, known: readonly string[]): void => {
  for (const name of Object.keys(options))
    if (!known.includes(name)) throw optionError(from, name, 'is not known')
}

/** Checks the suite to write, given by name or number; default: the first. */
export const checkedSuite = (option: string, value: unknown = committingSuites[0]!.name): Suite => {
  const suite = committingSuites.find(({ name, id }) => name === value || id === value)
  if (suite) return suite
  const names = committingSuites.map(({ name }) => name).join(' or ')
  throw optionError(from, option, `must be ${names}: only committing suites are written`)
}

/** Whether it is key material, and not a keyring. */
export const isKeyMaterial = (source: unknown): source is KeyMaterial =>
  typeof (source as KeyMaterial | undefined)?.encryptionKey === 'function' &&
  typeof (source as KeyMaterial).decryptionKey === 'function'
