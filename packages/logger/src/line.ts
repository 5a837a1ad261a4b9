import type { Names } from './names.ts'

/** What one log line may cost; the rest of it is not shown. */
export interface Line {
  /** Remaining UTF-16 units of text to scan, including decoded text. */
  chars: number
  /** Remaining values to scan. */
  nodes: number
  /** How many values were redacted so far: shows whether a parsed text must be rewritten. */
  changes: number
  /** The last redacted value has no end in its text: what follows that text may belong to it. */
  isOpen: boolean
}

/**
 * About as much text as a CloudWatch Logs event (1 MB), and as many values as fit in it. Anything beyond would not
 * be stored anyway, and must not delay the invocation.
 */
export const newLine = (): Line => ({ chars: 1_000_000, nodes: 100_000, changes: 0, isOpen: false })

export const tooLarge = '[not logged: too large]'
export const tooDeep = '[not logged: too deep]'

/** What the parts of a redaction need of each other; created once, without state. */
export interface Redaction {
  readonly names: Names
  /** `decoded`: the text was percent-encoded in another, so its `&` separates nothing. */
  text(text: string, line: Line, depth: number, decoded?: boolean): string
  /** The text without the values that invocations of this process have opened. */
  opened(text: string, line: Line): string
  /** The name of a member: it may be data, too. */
  name(name: string, line: Line, depth: number): string
  value(value: unknown, line: Line, depth: number): unknown
}
