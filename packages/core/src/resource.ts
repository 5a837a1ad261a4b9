/*
 * The resource that a request addresses, in the one form that both ends bind. Gateways decode paths, `fetch` normalises
 * them, and neither end sees what the other wrote. So both reduce what they see to the same text.
 */

/** What a request addresses: part of what a session's ciphertexts are bound to. */
export interface Resource {
  /** In upper case; for sources without HTTP the kind of operation, `MESSAGE` or `Query`. */
  readonly method: string
  /** Of {@link canonicalPath}. */
  readonly path: string
  /** Of {@link canonicalQuery}. */
  readonly query: readonly QueryPair[]
}

/** One parameter of a query, decoded. */
export type QueryPair = readonly [name: string, value: string]

/** A path still encoded after this many rounds was made so that two readers read it differently. */
const maxRounds = 4

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const refused = /[\u0000-\u001f\u007f-\u009f\ufffd]/

const escapes = /(?:%[0-9a-f]{2})+/gi

/**
 * The canonical form of a URL's path: percent-decoded until nothing changes, without empty segments. Case and Unicode
 * form are kept.
 *
 * @returns `undefined` for a path that two readers may read differently: escapes that are not UTF-8 or nested deeper
 * than four times, control characters, U+FFFD, lone surrogates, and the segments `.` and `..`
 * @example
 * ```ts
 * canonicalPath('/a%20b//c/') // '/a b/c'
 * canonicalPath('/a/../b') // undefined
 * ```
 */
export const canonicalPath = (path: string): string | undefined => {
  const text = decoded(path)
  if (text === undefined || refused.test(text) || !text.isWellFormed()) return undefined
  // What some readers take for a slash, too.
  return /(^|[/\\])\.\.?([/\\]|$)/.test(text) ? undefined : `/${text.split('/').filter(Boolean).join('/')}`
}

const decoded = (path: string): string | undefined => {
  let text = path
  // The last round only finds that nothing is left to decode.
  for (let round = 0; round <= maxRounds; round++) {
    if (!text.includes('%')) return text
    let next: string
    try {
      next = text.replace(escapes, decodeURIComponent)
    } catch {
      return undefined
    }
    if (next === text) return text
    text = next
  }
  return undefined
}

// Browsers and Node both have it; the type library of the language does not.
declare const URLSearchParams: new (query: string) => Iterable<[name: string, value: string]>

/**
 * The canonical form of a query: decoded pairs in the order of their names (by code units); values of one name keep
 * their order. The rules are those of `URLSearchParams`: `+` is a space, and `?c` is `?c=`.
 *
 * @param query - the raw text with or without `?`, or decoded pairs
 * @param names - the parameters that count; default: all
 */
export const canonicalQuery = (
  query: string | Iterable<QueryPair>,
  names?: readonly string[],
): readonly QueryPair[] => {
  const pairs = typeof query === 'string' ? [...new URLSearchParams(query)] : [...query]
  const counted = names === undefined ? pairs : pairs.filter(([name]) => names.includes(name))
  // A stable sort: values of one name stay in order.
  return counted.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
}
