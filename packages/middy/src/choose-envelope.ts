import { type Envelope, type FieldPolicy, placesOf } from '@glassine/core'
import { isPlainObject } from '@glassine/core/internal'
import { fault, packageName } from './errors.ts'
import type { EventSource } from './event-source.ts'
import { oneValue, type RequestHeaders, requestHeaders } from './headers.ts'

/** An envelope, and what the request carries in its header. */
export interface Choice {
  readonly envelope: Envelope
  readonly sessionHeader?: string
}

/**
 * The envelope whose header a request carries, and what it holds. Headers are read only where an envelope has one.
 */
export const headerChoice = (
  envelopes: readonly Envelope[],
  event: unknown,
  source: EventSource,
): Choice | undefined => {
  let headers: RequestHeaders | undefined
  for (const envelope of envelopes) {
    if (envelope.sessionHeader === undefined) continue
    headers ??= requestHeaders(event, source)
    const sessionHeader = oneValue(headers, envelope.sessionHeader)
    if (sessionHeader !== undefined && envelope.recognises(sessionHeader)) return { envelope, sessionHeader }
  }
  return undefined
}

/**
 * The envelope for a request that carries nothing sealed: the first that can answer without keys of the request.
 */
export const unpromptedEnvelope = (envelopes: readonly Envelope[]): Envelope =>
  envelopes.find(({ sessionHeader }) => sessionHeader === undefined) ?? envelopes[0]!

/**
 * The envelope that a payload came in: the first that recognises what stands in its bundle member, in its session member
 * or in a declared place. The envelope itself then opens or refuses each field; what one of another format holds is
 * refused by it.
 *
 * @throws GlassineError `ERR_FIELD_NOT_ENCRYPTED`, `ERR_FIELD_MISSING`, both 400
 */
export const chooseEnvelope = (
  envelopes: readonly Envelope[],
  payload: unknown,
  policy: FieldPolicy,
  partial: boolean,
): Envelope => {
  const [first] = envelopes as readonly [Envelope, ...Envelope[]]
  // With one alone there is nothing to choose, and its own refusals are the more exact ones.
  if (envelopes.length === 1) return first
  for (const envelope of envelopes)
    if (carries(envelope, payload) || holds(envelope, payload, envelope.sessionMember)) return envelope
  const { places } = placesOf(policy, payload, { packageName, statusCode: 400, absent: 'ignore' })
  for (const { value } of places) {
    const envelope = envelopes.find((one) => one.recognises(value))
    if (envelope) return envelope
  }
  if (places.length > 0) throw fault('ERR_FIELD_NOT_ENCRYPTED')
  if (!partial) throw fault('ERR_FIELD_MISSING')
  return unpromptedEnvelope(envelopes)
}

/** Whether the bundle that an envelope writes stands in its member of the root. */
export const carries = (envelope: Envelope, payload: unknown): boolean =>
  holds(envelope, payload, envelope.bundleMember)

const holds = (envelope: Envelope, payload: unknown, member: string | undefined): boolean =>
  member !== undefined &&
  isPlainObject(payload) &&
  Object.hasOwn(payload, member) &&
  envelope.recognises(payload[member])
