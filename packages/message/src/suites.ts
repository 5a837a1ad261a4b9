/** Committing suites, message format v2: written, and always read. */
export type CommittingSuite = '0x0478' | '0x0578'

/** An algorithm suite of the AWS Encryption SDK. All of these are AES-256-GCM with a 12-byte IV and a 16-byte tag. */
export interface Suite {
  readonly name: string
  readonly id: number
  /** The message format of the suite. */
  readonly version: 1 | 2
  /** Whether a footer has an ECDSA P-384 signature over everything before it. */
  readonly signed: boolean
  /** Derives a message's key without a commitment, in version 1: 32 bytes; zero them after use. */
  readonly cipherKey?: (dataKey: Buffer, messageId: Buffer) => Buffer
}

/** A suite without key commitment, message format v1: read only if given as an option, never written. */
export interface LegacySuite extends Suite {
  readonly version: 1
  readonly cipherKey: (dataKey: Buffer, messageId: Buffer) => Buffer
}

const committing = (name: CommittingSuite, signed: boolean): Suite =>
  Object.freeze({ name, id: Number(name), version: 2, signed })

/** The committing suites; the first is written unless the caller chooses the other. */
export const committingSuites: readonly Suite[] = [committing('0x0478', false), committing('0x0578', true)]

/** What a reader accepts: the committing suites and the legacy ones that it was given. */
export const readableSuites = (legacy: readonly LegacySuite[]): ReadonlyMap<number, Suite> =>
  new Map([...legacy, ...committingSuites].map((suite) => [suite.id, suite]))
