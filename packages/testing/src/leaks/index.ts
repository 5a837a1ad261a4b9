import { reachable } from './reach.ts'
import { readingsOf } from './readings.ts'
import { type Search, type Secrets, searchesFor } from './search.ts'

export type { Secret, Secrets } from './search.ts'

/** One place where a secret was found. */
export interface Leak {
  /** The name of the secret, never its value. */
  readonly secret: string
  /** How it is written there, from the inside out: `as it is`, `in hex`, `in a list of numbers in base64`. */
  readonly notation: string
  /** The path to it, for example `value.cause.details[0]`, or how the value was printed, `inspect(value)`. */
  readonly where: string
}

/**
 * Finds secrets in anything that may be logged, thrown, sent or stored. It reads what a debugger, `JSON.stringify` and
 * `String` print, and everything reachable from the value: hidden members, getters, symbols, causes, contents of
 * Buffers.
 *
 * A text must be found whole. Of bytes, 8 in a row are enough, so that a truncated `<Buffer ...>` is found too.
 * Notations: as they are (bytes also as `latin1` and `utf8` text), hexadecimal with any separators, lists and objects
 * of numbers, base64 and base64url at any offset, JSON and percent escapes, and these within each other.
 *
 * Not searched: closures, private fields, getters of a prototype, key objects, and streams, which would be consumed.
 *
 * @returns the places, at most one for each secret at each path; an empty list when nothing is found
 * @throws GlassineError `ERR_OPTION_INVALID` for no secrets, and for those that are so short or regular that they occur
 *   by chance; RangeError for a value of more than 100,000 objects
 * @example
 * ```ts
 * import assert from 'node:assert'
 * import { leaksOf } from '@glassine/testing'
 *
 * const error = Object.assign(new Error('failed'), { details: [Buffer.from('canary-4711')] })
 * assert.deepEqual(leaksOf(error, { ssn: 'canary-4711' }), [
 *   { secret: 'ssn', notation: 'as it is', where: 'value.details[0]' },
 *   { secret: 'ssn', notation: 'in hex', where: 'inspect(value)' },
 * ])
 * ```
 */
export const leaksOf = (value: unknown, secrets: Secrets): readonly Leak[] => {
  const searches = searchesFor(secrets)
  const shown = (path: string): string =>
    searches.reduce((path, { text }) => (text === undefined ? path : path.replaceAll(text, '...')), path)
  return [...reachable(value)].flatMap(({ where, text }) =>
    found(text, searches).map((leak) => ({ ...leak, where: shown(where) })),
  )
}

/** The secrets in one text, each with the first notation that shows it. */
const found = (text: string, searches: readonly Search[]): readonly Omit<Leak, 'where'>[] => {
  const leaks: Omit<Leak, 'where'>[] = []
  let open = searches
  for (const { text: read, notation } of readingsOf(text)) {
    const left = open.filter(({ name, find }) => {
      const form = find(read)
      if (form !== undefined) leaks.push({ secret: name, notation: notation || form })
      return form === undefined
    })
    if (left.length === 0) break
    open = left
  }
  return leaks
}
