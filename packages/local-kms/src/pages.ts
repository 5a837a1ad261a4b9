/** Pages of the List operations: `Limit`, `Marker`, `Truncated`, `NextMarker`. */
import { KmsError } from './errors.ts'
import { integer, text } from './shape.ts'

/** The two members that every List operation takes. */
export const pageShape = (maxLimit: number) => ({
  Limit: integer({ min: 1, max: maxLimit }),
  Marker: text({ min: 1, max: 1024 }),
})

interface Page {
  readonly Limit: number | undefined
  readonly Marker: string | undefined
}

/** A marker names the last entry seen, not a number: what is deleted between two pages shifts nothing. */
const encodeMarker = (id: string): string => Buffer.from(id).toString('base64url')

/** Cuts one page out of `entries`; `idOf` must be unique. */
export const pageOf = <T>(
  entries: readonly T[],
  idOf: (entry: T) => string,
  { Limit, Marker }: Page,
  defaultLimit: number,
): { entries: readonly T[]; rest: { Truncated: boolean; NextMarker?: string } } => {
  let start = 0
  if (Marker !== undefined) {
    start = entries.findIndex((entry) => encodeMarker(idOf(entry)) === Marker) + 1
    if (start === 0) throw new KmsError('InvalidMarkerException', 'Could not deserialize marker')
  }
  const end = start + (Limit ?? defaultLimit)
  const page = entries.slice(start, end)
  const last = page.at(-1)
  return end < entries.length && last !== undefined
    ? { entries: page, rest: { Truncated: true, NextMarker: encodeMarker(idOf(last)) } }
    : { entries: page, rest: { Truncated: false } }
}
