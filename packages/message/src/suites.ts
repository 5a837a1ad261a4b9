/** Committing suites, message format v2: what is written, and always read. */
export type CommittingSuite = '0x0478' | '0x0578'

/** Suites without key commitment, message format v1: read only when allowed by name, never written. */
export type LegacySuite = '0x0178' | '0x0378'

/** An algorithm suite of the AWS Encryption SDK; all of these are AES-256-GCM with a 12-byte IV and 16-byte tag. */
export interface Suite {
  readonly name: CommittingSuite | LegacySuite
  readonly id: number
  /** The message format that goes with the suite. */
  readonly version: 1 | 2
  /** The hash of HKDF. */
  readonly hash: 'sha256' | 'sha384' | 'sha512'
  /** Whether a footer holds an ECDSA P-384 signature over all that precedes it. */
  readonly signed: boolean
}

const suite = (name: Suite['name'], version: Suite['version'], hash: Suite['hash'], signed: boolean): Suite =>
  Object.freeze({ name, id: Number(name), version, hash, signed })

const all: readonly Suite[] = [
  suite('0x0478', 2, 'sha512', false),
  suite('0x0578', 2, 'sha512', true),
  suite('0x0178', 1, 'sha256', false),
  suite('0x0378', 1, 'sha384', true),
]

/** The suite that is written unless the caller asks for another one. */
export const defaultSuite: CommittingSuite = '0x0478'

/** The committing suites' names. */
export const committingSuites: readonly CommittingSuite[] = ['0x0478', '0x0578']

/** The names that `legacySuites` may hold. */
export const legacySuiteNames: readonly LegacySuite[] = ['0x0178', '0x0378']

/** The suite of a name. */
export const suiteNamed = (name: Suite['name']): Suite => all.find((one) => one.name === name)!

/** What a reader accepts: the committing suites and those legacy ones that were allowed by name. */
export const readableSuites = (legacy: readonly LegacySuite[]): ReadonlyMap<number, Suite> =>
  new Map(
    all
      .filter(({ version, name }) => version === 2 || legacy.includes(name as LegacySuite))
      .map((one) => [one.id, one]),
  )
