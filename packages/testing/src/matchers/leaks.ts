import { inspect } from 'node:util'
import { optionError } from '@glassine/core'
import type { MatcherContext, MatcherResult } from './context.ts'

/** Values that must stand nowhere: one, several, or several by a name that a failure may print. */
export type Markers = string | readonly string[] | Readonly<Record<string, string>>

/** Shorter ones turn up by chance in anything that is encrypted. */
const minLength = 6

const namedMarkers = (markers: Markers): readonly (readonly [name: string, value: string])[] => {
  const entries: (readonly [string, string])[] =
    typeof markers === 'string'
      ? [['the marker', markers]]
      : Array.isArray(markers)
        ? markers.map((value: string, at) => [`marker ${at + 1} of ${markers.length}`, value] as const)
        : Object.entries(markers as Record<string, string>)
  if (
    entries.length === 0 ||
    entries.some(([, value]) => typeof value !== 'string' || value.length < minLength)
  )
    throw optionError('@glassine/testing', 'markers', `must be texts of at least ${minLength} characters`)
  return entries
}

const json = (value: unknown): string => {
  try {
    return JSON.stringify(value) ?? ''
  } catch {
    return ''
  }
}

/** Everything that can be read of a value: as JSON, and as a debugger prints it, hidden members included. */
const textsOf = (received: unknown): string[] => {
  if (typeof received === 'string') return [received]
  if (received instanceof Uint8Array) return [Buffer.from(received).toString('latin1')]
  const printed = inspect(received, {
    depth: Number.POSITIVE_INFINITY,
    maxArrayLength: null,
    maxStringLength: null,
    showHidden: true,
    breakLength: Number.POSITIVE_INFINITY,
  })
  return [json(received), printed]
}

const percentDecoded = (text: string): string =>
  text.replace(/(?:%[\da-f]{2})+/gi, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString())

/** The base64 runs of a text, decoded from each of the four places where a quad can begin. */
const base64Decoded = (text: string): string =>
  (text.match(/[A-Za-z0-9+/_-]{8,}/g) ?? [])
    .flatMap((run) => [0, 1, 2, 3].map((skip) => Buffer.from(run.slice(skip), 'base64').toString()))
    .join('\n')

/** Where a marker stands in a text, or `undefined`. */
const encodingOf = (texts: readonly string[], marker: string): string | undefined => {
  const escaped = JSON.stringify(marker).slice(1, -1)
  const hex = Buffer.from(marker).toString('hex')
  const bytes = Buffer.from(marker).toString('latin1')
  const has = (text: string) => [marker, escaped, bytes].some((form) => text.includes(form))
  if (texts.some(has)) return 'as it is'
  if (texts.some((text) => text.toLowerCase().includes(hex))) return 'in hexadecimal'
  if (texts.some((text) => text.includes('%') && has(percentDecoded(text)))) return 'percent-encoded'
  if (texts.some((text) => has(base64Decoded(text)))) return 'in base64'
  return undefined
}

/** The matcher behind `expect(log).toLeakNothing(markers)`; see the interface of the matchers. */
export function toLeakNothing(this: MatcherContext, received: unknown, markers: Markers): MatcherResult {
  const texts = textsOf(received)
  const found = namedMarkers(markers).flatMap(([name, value]) => {
    const encoding = encodingOf(texts, value)
    return encoding === undefined ? [] : [`  ${name}, ${encoding}`]
  })
  return {
    pass: found.length === 0,
    message: () =>
      found.length > 0
        ? ['What must not leak was found:', ...found].join('\n')
        : 'None of the markers was found',
  }
}
