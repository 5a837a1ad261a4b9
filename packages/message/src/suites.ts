/** Committing suites, message format v2: what is written, and always read. */
export type CommittingSuite = '0x0478' | '0x0578'

/** An algorithm suite of the AWS Encryption SDK; all of these are AES-256-GCM with a 12-byte IV and 16-byte tag. */
export interface Suite {
  readonly name: string
  readonly id: number
  /** The message format that goes with the suite. */
  readonly version: 1 | 2
  /** Whether a footer holds an ECDSA P-384 signature over all that precedes it. */
  readonly signed: boolean
  /** Derives a message's key where nothing commits to it, in version 1: 32 bytes, to be zeroed after use. */
  readonly cipherKey?: (dataKey: Buffer, messageId: Buffer) => Buffer
}

/** A suite without key commitment, message format v1: read only where it is given as an option, never written. */
export interface LegacySuite extends Suite {
  readonly version: 1
  readonly cipherKey: (dataKey: Buffer, messageId: Buffer) => Buffer
}

const committing = (name: CommittingSuite, signed: boolean): Suite =>
  Object.freeze({ name, id: Number(name), version: 2, signed })

/** The committing suites; the first is written unless the caller asks for the other. */
export const committingSuites: readonly Suite[] = [committing('0x0478', false), committing('0x0578', true)]

/** What a reader accepts: the committing suites and those legacy ones that it was given. */
export const readableSuites = (legacy: readonly LegacySuite[]): ReadonlyMap<number, Suite> =>
  new Map([...legacy, ...committingSuites].map((suite) => [suite.id, suite]))
