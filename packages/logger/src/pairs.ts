import type { Line } from './line.ts'
import { type Names, redacted } from './names.ts'

/** Where a value ends, and what to put around its marker. */
interface Extent {
  readonly end: number
  readonly quote: string
}

const quotes = /(\\*)(["'`])/y
// What may follow a value in JSON or in the output of util.inspect, at any level of escaping.
const follows = /(?:\s|\\+[nrt])*(?:,(?:\s|\\+[nrt])*(?:\\*["'`]|[\p{L}_$][\w$]*\s*:)|[}\]]|$)/uy
const space = /(?:\s|\\+[nrt])*/y
const literal = /(?:-?\d[\d.eE+-]*n?|true|false|null|undefined)/y

const matchAt = (pattern: RegExp, text: string, at: number): RegExpExecArray | null => {
  pattern.lastIndex = at
  return pattern.exec(text)
}

/**
 * The end of a quoted string, after its quote, or -1. JSON within JSON escapes its quotes: at a level whose quotes
 * have `slashes` backslashes, a backslash of the value itself is written as `2 * (slashes + 1)` of them.
 */
const stringEnd = (text: string, from: number, slashes: number, quote: string): number => {
  for (let at = text.indexOf(quote, from); at !== -1; at = text.indexOf(quote, at + 1)) {
    let run = 0
    while (at - run > from && text[at - run - 1] === '\\') run++
    if (run < slashes) return -1 // The string around it ended first: the value was cut off.
    if ((run - slashes) % (2 * (slashes + 1)) === 0) return at + 1
  }
  return -1
}

/** The end of an object or array, after its bracket, or -1; brackets in its strings do not count. */
const nestedEnd = (text: string, from: number, slashes: number): number => {
  let depth = 0
  for (let at = from; at < text.length; at++) {
    const char = text[at]
    if (char === '{' || char === '[') depth++
    else if (char === '}' || char === ']') {
      if (--depth === 0) return at + 1
    } else if (char === '"' || char === "'" || char === '`') {
      at = stringEnd(text, at + 1, slashes, char) - 1
      if (at < 0) return -1
    }
  }
  return -1
}

/** A value after a quoted key; -1 if it does not end where its writer would end it. */
const quotedEnd = (text: string, from: number, slashes: number): number => {
  const open = matchAt(quotes, text, from)
  const char = text[from]
  let end: number
  if (open) end = open[1]!.length === slashes ? stringEnd(text, quotes.lastIndex, slashes, open[2]!) : -1
  else if (char === '{' || char === '[') end = nestedEnd(text, from, slashes)
  else end = matchAt(literal, text, from) ? literal.lastIndex : -1
  return end !== -1 && matchAt(follows, text, end) ? end : -1
}

/** A query, from its first name on: only pairs, of characters that a URL may have. */
const query = /[\w.~%+[\]-]+=[^=&#\s"<>\\^`{|}]*(?:&[\w.~%+[\]-]+=[^&#\s"<>\\^`{|}]*)*(?:#\S*)?$/y
const parameter = /[^&]*/y
/** What may precede a name in a parameter's name: `user[` of `user[ssn]=`. */
const path = /^[\w.[\]-]*$/

/** Where the query starts in a text that is only a query, or a URL with one; -1 in all others. */
const queryStart = (text: string): number => {
  const start = text.indexOf('?') + 1
  return matchAt(query, text, start) ? start : -1
}

/** The end of a parameter's value, if the name before it is one of the query's; otherwise -1. */
const parameterEnd = (text: string, start: number, nameAt: number, from: number): number => {
  if (start === -1 || nameAt < start || text[from - 1] !== '=') return -1
  const before = Math.max(start, text.lastIndexOf('&', nameAt) + 1)
  if (!path.test(text.slice(before, nameAt))) return -1
  return from + matchAt(parameter, text, from)![0].length
}

/**
 * Redacts `name: value`, `name=value` and fragments of JSON in a text, by declared name.
 *
 * A value after a quoted name ends as in JSON. An unquoted text does not show where a value ends, so everything
 * after it is removed: `ssn: 1, age: 3` becomes `ssn: [redacted]`. A query's value ends at `&`.
 */
export const redactPairs = (text: string, { pair, ruleOf }: Names, line: Line, decoded: boolean): string => {
  const start = decoded ? -1 : queryStart(text)
  let out = ''
  let from = 0
  for (;;) {
    pair.lastIndex = from
    const match = pair.exec(text)
    if (!match) return out + text.slice(from)
    const { name, listed } = match.groups as { name?: string; listed?: string }
    const marker = ruleOf((name ?? listed)!)?.marker ?? redacted
    const valueAt = match.index + match[0].length
    // A list of names only, `missing field: ssn`, contains no value.
    if (name === undefined && !/[\p{L}\p{N}]/u.test(text.slice(valueAt))) return out + text.slice(from)
    line.changes++
    const head = `${out}${text.slice(from, valueAt)}`
    const extent = name === undefined ? undefined : extentOf(text, match.index, name, valueAt, start)
    if (!extent) {
      // A parameter ends with the decoded piece of the query; nothing else has a known end.
      const isParameter = decoded && text[valueAt - 1] === '=' && path.test(text.slice(0, match.index))
      line.isOpen = !isParameter
      return `${head}${name === undefined ? ' ' : ''}${marker}`
    }
    out = `${head}${extent.quote}${marker}${extent.quote}`
    from = extent.end
  }
}

/** `undefined`: the end of the value is unknown. */
const extentOf = (
  text: string,
  nameAt: number,
  name: string,
  valueAt: number,
  query: number,
): Extent | undefined => {
  const open = /(\\*)["'`]$/.exec(text.slice(Math.max(0, nameAt - 64), nameAt))
  const isQuoted = open !== null && text.startsWith(open[0], nameAt + name.length)
  const end = isQuoted
    ? quotedEnd(text, valueAt + matchAt(space, text, valueAt)![0].length, open[1]!.length)
    : parameterEnd(text, query, nameAt, valueAt)
  return end === -1 ? undefined : { end, quote: isQuoted ? open[0] : '' }
}
