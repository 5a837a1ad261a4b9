import { decodeValue, type FieldPolicy } from '@glassine/core'
import { isPlainObject } from '@glassine/core/internal'
import { hasPlace } from './clear-place.ts'
import { fault } from './errors.ts'
import { answersHttp, type EventSource } from './event-source.ts'
import { textOfBase64 } from './event-value.ts'
import type { HttpResponse } from './headers.ts'

/** What a response consists of, for those who seal or check it. */
export type ResponseParts =
  /** Nothing leaves that could hold a field: no body, or the text of an error. */
  | { readonly form: 'empty' }
  /** `{ statusCode, body }`. */
  | {
      readonly form: 'http'
      readonly response: HttpResponse
      readonly payload: unknown
      readonly isError: boolean
    }
  /** The payload itself. */
  | { readonly form: 'bare'; readonly payload: unknown; readonly isError: false }

const httpMembers = new Set([
  'statusCode',
  'statusDescription',
  'headers',
  'multiValueHeaders',
  'cookies',
  'body',
  'isBase64Encoded',
])

const empty = { form: 'empty' } as const

const invalid = (message: string) => fault('ERR_RESPONSE_INVALID', { message })

/**
 * Takes a response apart without changing it.
 *
 * @param isError - whether an error handler made it: then, as with a status of 400 or above, a body may be any text
 * @throws GlassineError `ERR_RESPONSE_INVALID` for what cannot be looked into: a stream, a function, an instance of
 * a class, a body that is no JSON
 */
export const responseParts = (
  response: unknown,
  source: EventSource,
  policy: FieldPolicy,
  isError: boolean,
): ResponseParts => {
  if (response === undefined || response === null) return empty
  if (!isPlainObject(response)) {
    if (isError && (typeof response === 'number' || typeof response === 'boolean')) return empty
    // Function URLs and HTTP APIs take a text as the body of a 200; of an error it may be all there is.
    if (typeof response !== 'string' || !(isError || answersHttp(source)))
      throw invalid('The response is no plain object, so its fields cannot be found')
    return httpParts({ statusCode: 200, body: response }, isError)
  }
  if (!isHttpResponse(response, source, policy)) return { form: 'bare', payload: response, isError: false }
  if (hasFieldBesideBody(response, policy))
    throw invalid('The response holds declared fields beside its body')
  return httpParts(response, isError)
}

/** Whether a declared field stands in an HTTP response beside its body, where no envelope looks. */
export const hasFieldBesideBody = (response: HttpResponse, policy: FieldPolicy): boolean =>
  rootMembers(policy).some((name) => !httpMembers.has(name) && response[name] !== undefined)

const rootMembers = ({ encrypted }: FieldPolicy): readonly string[] =>
  (encrypted.members ?? []).map(([name]) => name)

/** Whether a response is an HTTP one or the payload itself, which may have members of these names as well. */
const isHttpResponse = (response: HttpResponse, source: EventSource, policy: FieldPolicy): boolean => {
  const hasStatus = Number.isInteger(response.statusCode)
  // Between functions: only what is an HTTP response beyond doubt.
  if (!answersHttp(source)) return hasStatus && Object.hasOwn(response, 'body') && !declares(policy, 'body')
  const names = Object.keys(response).filter((name) => httpMembers.has(name))
  return names.length > 0 && (hasStatus || !names.some((name) => declares(policy, name)))
}

const declares = (policy: FieldPolicy, name: string): boolean =>
  policy.encrypted.each !== undefined || rootMembers(policy).includes(name)

const httpParts = (response: HttpResponse, isErrorResponse: boolean): ResponseParts => {
  const isError = isErrorResponse || Number(response.statusCode) >= 400
  // Once: a getter may answer differently the next time.
  const { body, isBase64Encoded } = response
  if (body === undefined || body === null || body === '') return empty
  const isText = typeof body === 'string'
  const payload = isText ? parsed(body, isBase64Encoded === true) : body
  if (isText ? payload !== unreadable : isPlainObject(body) || Array.isArray(body))
    return { form: 'http', response, payload, isError }
  if (isText && isError) return empty
  throw invalid('The body of the response is no JSON, so its fields cannot be found')
}

/** Stands for a text that is no JSON. */
const unreadable = Symbol('unreadable')

const parsed = (body: string, isBase64: boolean): unknown => {
  const text = isBase64 ? textOfBase64(body) : body
  if (text === undefined) return unreadable
  try {
    return decodeValue(text)
  } catch {
    try {
      JSON.parse(text)
    } catch {
      return unreadable
    }
    // JSON that is too deep or has a member `__proto__` could hold a field all the same.
    throw invalid('The body of the response is JSON that is too deep or reaches a prototype')
  }
}

/**
 * Whether an error's payload has nothing to seal: a text, a number, or a list of problems rather than of models.
 */
export const isHarmless = (policy: FieldPolicy, payload: unknown): boolean =>
  Array.isArray(payload)
    ? !payload.some((element) => hasPlace(policy, element))
    : !isPlainObject(payload) || !hasPlace(policy, payload)
