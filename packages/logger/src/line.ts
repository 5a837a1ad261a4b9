import type { Names } from './names.ts'

/** What one log line may cost; the rest of it is not shown. */
export interface Line {
  /** UTF-16 units of text still to be looked at, decoded text included. */
  chars: number
  /** Values still to be looked at. */
  nodes: number
  /** How many values were redacted so far: tells whether a parsed text must be written anew. */
  changes: number
  /** The last value that was redacted has no end in its text: what follows that text may belong to it. */
  isOpen: boolean
}

/**
 * About a CloudWatch Logs event (1 MB) of text, and as many values as could stand in it: what is beyond would not
 * be stored anyway, and the invocation is not to wait for it.
 */
export const newLine = (): Line => ({ chars: 1_000_000, nodes: 100_000, changes: 0, isOpen: false })

export const tooLarge = '[not logged: too large]'
export const tooDeep = '[not logged: too deep]'

/** What the parts of a redaction need of each other; made once, without state. */
export interface Redaction {
  readonly names: Names
  /** `decoded`: the text stood percent-encoded in another, so its `&` separates nothing. */
  text(text: string, line: Line, depth: number, decoded?: boolean): string
  value(value: unknown, line: Line, depth: number): unknown
}
