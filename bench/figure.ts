/** How long the timed groups take, and what is measured. */
export interface BenchOptions {
  readonly rounds: number
  readonly ms: number
  /** The kinds that will be printed: a group may skip the others if that saves time. */
  readonly kinds: readonly Kind[]
  /** The group was named on the command line. */
  readonly named: boolean
}

/**
 * The kind of figure for a unit. Counts and sizes are the same on every machine; ratios also hold on a noisy one, times
 * do not.
 */
const kindOf = {
  calls: 'count',
  files: 'count',
  $: 'count',
  kB: 'size',
  bytes: 'size',
  MB: 'size',
  times: 'ratio',
  share: 'ratio',
  'times faster': 'ratio',
  us: 'time',
  ms: 'time',
  '/s': 'time',
} as const

export type Unit = keyof typeof kindOf
export type Kind = (typeof kindOf)[Unit]

export const kinds: readonly Kind[] = [...new Set(Object.values(kindOf))]

/** Whether more is better for a unit. */
export const moreIsBetter = (unit: Unit): boolean => unit === 'times faster' || unit === '/s'

/** One line of the benchmark's result; `name` is stable, so that runs can be compared. */
export interface Figure {
  readonly name: string
  readonly kind: Kind
  readonly value: number
  readonly unit: Unit
  /** What the figure must hold, as text; absent for figures that are only reported. */
  readonly bar?: string
  readonly holds?: boolean
  /** The goal for the figure, if the bar only keeps it from getting worse. */
  readonly goal?: string
  /** What was compared with what, in one sentence. */
  readonly what: string
}

/** A bar that is missed today has its goal beside it: the bar is then today's figure plus a small margin. */
export type Bar = number | { readonly bar: number; readonly goal: number }

const round = (value: number): number => Number(value.toPrecision(3))

const barred = (sign: '>=' | '<=', bar: Bar, value: number) => {
  const { bar: limit, goal } = typeof bar === 'number' ? { bar, goal: undefined } : bar
  return {
    bar: `${sign} ${limit}`,
    holds: sign === '>=' ? value >= limit : value <= limit,
    ...(goal !== undefined && { goal: `${sign} ${goal}` }),
  }
}

/** A figure that must be at least `bar`. */
export const atLeast = (name: string, value: number, bar: Bar, unit: Unit, what: string): Figure => ({
  ...reported(name, value, unit, what),
  ...barred('>=', bar, value),
})

/** A figure that must be at most `bar`. */
export const atMost = (name: string, value: number, bar: Bar, unit: Unit, what: string): Figure => ({
  ...reported(name, value, unit, what),
  ...barred('<=', bar, value),
})

/** A figure without a bar. */
export const reported = (name: string, value: number, unit: Unit, what: string): Figure => ({
  name,
  kind: kindOf[unit],
  value: round(value),
  unit,
  what,
})
