// Mutants that no test can notice, each judged by hand. They do not count.

/** Found by what they are and not by where they stand, so that a file may move. */
export interface Equivalent {
  readonly package: string
  /** The line, or the first of the lines, without the spaces around it. */
  readonly line: string
  /** What becomes of a part of it. */
  readonly from: string
  readonly becomes: string
  readonly why: string
}

export const equivalent: readonly Equivalent[] = []
