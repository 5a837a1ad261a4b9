/** One line of the benchmark's result; `name` is stable, so that runs can be compared. */
export interface Figure {
  readonly name: string
  readonly value: number
  /** `times faster`, `times`, `kB`, `ms`, `calls`. */
  readonly unit: string
  /** What the figure must hold, as text; absent for figures that are only reported. */
  readonly bar?: string
  readonly holds?: boolean
  /** What was measured against what, in a sentence. */
  readonly what: string
}

const round = (value: number): number => Number(value.toPrecision(3))

/** A figure that must be at least `bar`. */
export const atLeast = (name: string, value: number, bar: number, unit: string, what: string): Figure => ({
  name,
  value: round(value),
  unit,
  bar: `>= ${bar}`,
  holds: value >= bar,
  what,
})

/** A figure that must be at most `bar`. */
export const atMost = (name: string, value: number, bar: number, unit: string, what: string): Figure => ({
  name,
  value: round(value),
  unit,
  bar: `<= ${bar}`,
  holds: value <= bar,
  what,
})

/** A figure without a bar. */
export const reported = (name: string, value: number, unit: string, what: string): Figure => ({
  name,
  value: round(value),
  unit,
  what,
})
