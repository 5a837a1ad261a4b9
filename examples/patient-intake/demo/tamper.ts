// What an attacker does to a request, a response or a row on its way. The page of the playground uses it as well.
import { type Traffic, tokenOf } from './traffic.ts'

type Members = Readonly<Record<string, unknown>>

/** The patient whose record an attacker would like to have or to write. */
export const otherPatient = 'p-2048'

export const withBody = (request: Traffic, members: Members): Traffic => ({
  ...request,
  body: { ...request.body, ...members },
})

export const withHeader = (request: Traffic, name: string, value: string): Traffic => ({
  ...request,
  headers: { ...request.headers, [name]: value },
})

/** Two fields change places, in a body, a response or a row. */
export const swapped = (values: Members): Record<string, unknown> => ({
  ...values,
  ssn: values.email,
  email: values.ssn,
})

/** The notes of two visits change places. */
export const swappedVisits = (request: Traffic): Traffic => {
  const [first, second] = (request.body?.visits ?? []) as Members[]
  return withBody(request, {
    visits: [
      { ...first, note: second!.note },
      { ...second, note: first!.note },
    ],
  })
}

/** Everything but one value. */
export const without = (values: Members, ...names: string[]): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).filter(([name]) => !names.includes(name)))

/** Another character in the middle of the last part: one or a few bits of the tag. */
export const flipped = (sealed: unknown): string => {
  const text = String(sealed)
  const at = text.length - 8
  return `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`
}

export const fromCaller = (request: Traffic, clinic: string, caller: string): Traffic =>
  withHeader(request, 'authorization', tokenOf(clinic, caller))

/** The token that carries the session's keys is cut out, wherever it travels. */
export const withoutSessionKey = (request: Traffic): Traffic => ({
  ...request,
  headers: without(request.headers, 'encryption-key') as Record<string, string>,
  ...(request.body && { body: without(request.body, '$jwe') }),
})

/** The values of another payload in this one, under this one's own session key. */
export const carrying = (request: Traffic, other: Members | undefined): Traffic =>
  withBody(request, without(other ?? {}, '$jwe'))

/** The header and footer that make a row a sealed item are cut out; the sealed bytes stay. */
export const strippedRow = (row: Members): Record<string, unknown> =>
  without(row, 'aws_dbe_head', 'aws_dbe_foot')

/** A readable attribute of the row is changed. */
export const editedRow = (row: Members): Record<string, unknown> => ({ ...row, phone: '+44 20 0000 0000' })

/** The last bit of the bytes. */
export const flippedBytes = (sealed: Uint8Array): Uint8Array => sealed.with(-1, sealed.at(-1)! ^ 1)
