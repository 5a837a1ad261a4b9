/** What both ends must agree on. */
export type Subject =
  | 'format'
  | 'structure'
  | 'use'
  | 'model'
  | 'binding'
  | 'place'
  | 'record'
  | 'set'
  | 'key'
  | 'contents'
  | 'session'
  | 'audience'
  | 'time'
  | 'sender'
  | 'method'
  | 'path'
  | 'query'
  | 'context'
  | 'action'
  | 'table'
  | 'key attributes'
  | 'request'

/** One thing that the ciphertext and the service say. Never a value of a field, a token or a key. */
export interface Comparison {
  readonly what: Subject
  /** Which one, where there are several: a member of the binding, a pointer, an attribute. */
  readonly name?: string
  /** `null`: not there. */
  readonly inCiphertext: string | null
  readonly expected: string | null
  /** Of a hash: what was put in its place, and did not give it. */
  readonly tried?: readonly string[]
}

/** What {@link Explanation} says; JSON as it is, and `String(explanation)` is a text for people. */
export interface Explanation {
  readonly verdict: 'opens' | 'refused'
  readonly format: 'message' | 'session' | 'item' | 'unknown'
  /** In the order in which they are checked: mend the first one first. */
  readonly differences: readonly Comparison[]
  /** What both ends agree on. */
  readonly same: readonly Comparison[]
}

/** Makes a comparison. */
export const compare = (
  what: Subject,
  inCiphertext: string | null,
  expected: string | null,
  rest: Pick<Comparison, 'name' | 'tried'> = {},
): Comparison => ({ what, ...rest, inCiphertext, expected })

/** Sorts comparisons into an explanation. Many fields that differ in one thing are one difference. */
export const explanation = (
  format: Explanation['format'],
  comparisons: readonly Comparison[],
): Explanation => {
  const seen = new Map(comparisons.map((one) => [JSON.stringify(one), one]))
  const all = [...seen.values()]
  const differences = all.filter(({ inCiphertext, expected }) => inCiphertext !== expected)
  const result: Explanation = {
    verdict: differences.length === 0 ? 'opens' : 'refused',
    format,
    differences,
    same: all.filter((one) => !differences.includes(one)),
  }
  // Not enumerable: JSON and equality see the data alone.
  return Object.defineProperty(result, 'toString', { value: () => textOf(result) })
}

/** What is expected of a key that may be the right one: nothing is known of it while KMS is down or throttles. */
export const notNow = 'a key that is available at the moment'

const textOf = ({ verdict, format, differences, same }: Explanation): string =>
  [
    `${kinds[format]}: ${verdict === 'opens' ? 'opens, nothing differs' : 'does not open'}`,
    ...differences.flatMap((one) => [
      `  ${title(one)} ${one.expected?.startsWith(notNow) ? 'is not available at the moment' : 'differs'}`,
      `    in the ciphertext: ${shown(one.inCiphertext)}`,
      `    expected:          ${shown(one.expected)}`,
      ...(one.tried ? [`    tried:             ${one.tried.join('; ')}`] : []),
    ]),
    ...same.map((one) => `  ${title(one)} agrees: ${shown(one.expected)}`),
  ].join('\n')

const kinds = {
  message: 'AWS Encryption SDK message',
  session: 'JWE of a session',
  item: 'item of the AWS Database Encryption SDK',
  unknown: 'Request',
} as const

const title = ({ what, name }: Comparison): string => (name === undefined ? what : `${what} ${name}`)

const shown = (text: string | null): string => text ?? '(none)'
