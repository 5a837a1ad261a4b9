/** Input members that many operations take, and the pages of the List operations. */
import { KmsError, unsupported } from '../errors.ts'
import { integer, list, type Member, structure, text } from '../shape.ts'

/** Any of the four key references. */
export const keyId = (): Member<string | undefined> => text({ min: 1, max: 2048 })

export const grantTokens = (): Member<string[] | undefined> =>
  list(text({ min: 1, max: 8192 }) as Member<string>, { max: 10 })

export const description = (): Member<string | undefined> => text({ max: 8192 })

export const policy = (): Member<string | undefined> => text({ min: 1, max: 131_072 })

/** The attestation document of a Nitro enclave. */
export const recipient = () => structure({})

/** There is no enclave here, and ignoring the member would return the plaintext unencrypted. */
export const noRecipient = (value: object | undefined): void => {
  if (value !== undefined) throw unsupported('The local KMS does not offer Recipient (Nitro enclaves).')
}

/** The two members that every List operation takes. */
export const pageShape = (maxLimit: number) => ({
  Limit: integer({ min: 1, max: maxLimit }),
  Marker: text({ min: 1, max: 1024 }),
})

interface Page {
  readonly Limit: number | undefined
  readonly Marker: string | undefined
}

/** A marker names the last entry seen, not its position, so that deletions between two pages shift nothing. */
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
