import type { FieldPolicy } from '@glassine/core'
import { childNode, isHarmless, isPlainObject, parseJson } from '@glassine/core/internal'
import { badOption, fault } from './errors.ts'
import { answersHttp, type EventSource, methodOf } from './event-source.ts'
import { textOfBase64 } from './event-value.ts'
import { type HttpResponse, oneValue, requestHeaders } from './headers.ts'

/** The parts of a response, for sealing and for checks. */
export type ResponseParts =
  /** No body. */
  | { readonly form: 'empty'; readonly response: HttpResponse | undefined }
  /** A body without fields: the text of an error, or a response marked by `withoutFields`. */
  | { readonly form: 'text'; readonly response: HttpResponse }
  /** `{ statusCode, body }`; `text` is the handler's JSON, if the body is text. */
  | {
      readonly form: 'http'
      readonly response: HttpResponse
      readonly payload: unknown
      readonly text?: string
    }
  /** The payload itself. */
  | { readonly form: 'bare'; readonly payload: unknown }

/** The members of an HTTP response. A response with any other member is refused. */
const httpMembers: ReadonlySet<string> = new Set([
  'statusCode',
  'statusDescription',
  'headers',
  'multiValueHeaders',
  'cookies',
  'body',
  'isBase64Encoded',
])

const invalid = (message: string) => fault('ERR_RESPONSE_INVALID', { message })

const noFields = 'so its fields cannot be found; `withoutFields` says that it has none'

/**
 * Takes a response apart without changing it. Each source has a closed list of forms. Any other response is refused,
 * since a field may be anywhere in it.
 *
 * @param isLenient - whether the body may be any text, as in an error or a response without content
 * @throws GlassineError `ERR_RESPONSE_INVALID`
 */
export const responseParts = (
  response: unknown,
  source: EventSource,
  policy: FieldPolicy,
  isLenient: boolean,
): ResponseParts => {
  if (response === undefined || response === null) return { form: 'empty', response: undefined }
  if (typeof response === 'string' && (isLenient || answersHttp(source)))
    return httpParts({ statusCode: 200, body: response }, policy, isLenient)
  if (isLenient && (typeof response === 'number' || typeof response === 'boolean'))
    return { form: 'text', response: { body: String(response) } }
  if (Array.isArray(response)) return { form: 'bare', payload: response }
  if (!isPlainObject(response)) throw invalid(`The response is not a plain object, ${noFields}`)
  if (typeof response.toJSON === 'function')
    throw invalid('The response has a toJSON, which may write anything in its place')
  // Getters are read once: they may answer differently the next time.
  const copy = { ...response }
  return isHttpResponse(copy, source, policy)
    ? httpParts(copy, policy, isLenient)
    : { form: 'bare', payload: copy }
}

/** Whether an HTTP response has a declared field beside its body, where no envelope looks. */
export const hasFieldBesideBody = (response: HttpResponse, policy: FieldPolicy): boolean =>
  (policy.encrypted.members ?? []).some(([name]) => !httpMembers.has(name) && response[name] !== undefined)

/**
 * Whether a response is an HTTP one or the payload itself, which may have members of these names as well.
 *
 * @throws GlassineError `ERR_RESPONSE_INVALID` if the response is not clearly one of the two
 */
const isHttpResponse = (response: HttpResponse, source: EventSource, policy: FieldPolicy): boolean => {
  const { statusCode } = response
  const hasStatus =
    typeof statusCode === 'number' && Number.isInteger(statusCode) && statusCode >= 100 && statusCode < 600
  const names = Object.keys(response).filter((name) => response[name] !== undefined)
  const known = names.filter((name) => httpMembers.has(name))
  // Between functions: only if it is clearly an HTTP response.
  if (!answersHttp(source)) {
    if (!hasStatus || !Object.hasOwn(response, 'body') || declares(policy, 'body')) return false
  } else {
    if (known.length === 0 || (!hasStatus && known.some((name) => declares(policy, name)))) return false
    if (!hasStatus && statusCode !== undefined)
      throw invalid('The `statusCode` of the response must be an integer from 100 to 599')
  }
  if (names.length > known.length)
    throw invalid(
      hasFieldBesideBody(response, policy)
        ? 'The response holds declared fields beside its body'
        : `The response has members beside those of an HTTP response, ${noFields}`,
    )
  return true
}

const declares = ({ encrypted }: FieldPolicy, name: string): boolean =>
  childNode(encrypted, name) !== undefined

const httpParts = (response: HttpResponse, policy: FieldPolicy, isLenient: boolean): ResponseParts => {
  const isWithout = isWithoutFields(response)
  const { body, isBase64Encoded } = response
  if (body === undefined || body === null || body === '') return { form: 'empty', response }
  // A client may take any other value for `true` or for `false`.
  if (isBase64Encoded !== undefined && typeof isBase64Encoded !== 'boolean')
    throw invalid('`isBase64Encoded` of the response must be a boolean')
  if (typeof body !== 'string') {
    if (!isPlainObject(body) && !Array.isArray(body))
      throw invalid(
        typeof body === 'object'
          ? 'The body of the response is an instance of a class: return a plain object, or its JSON text'
          : `The body of the response is neither JSON nor an object, ${noFields}`,
      )
    return isWithout ? withoutPlaces(response, body, policy) : { form: 'http', response, payload: body }
  }
  const text = isBase64Encoded === true ? textOfBase64(body) : body
  const payload = text === undefined ? unreadable : parsed(text)
  if (isWithout) return withoutPlaces(response, payload, policy)
  if (payload !== unreadable && !(isLenient && typeof payload !== 'object'))
    return { form: 'http', response, payload, text: text! }
  if (!isLenient) throw invalid(`The body of the response is not JSON, ${noFields}`)
  if (text !== undefined && hidesField(policy, text))
    throw invalid('The body of the response is text that holds a declared field')
  return { form: 'text', response }
}

const withoutPlaces = (response: HttpResponse, payload: unknown, policy: FieldPolicy): ResponseParts => {
  if (typeof payload === 'object' && !isHarmless(policy, payload))
    throw invalid('The response is marked as without fields but has a declared field')
  return { form: 'text', response }
}

/** The result for text that is not JSON. */
const unreadable = Symbol('unreadable')

const parsed = (text: string): unknown => {
  try {
    return parseJson(text)
  } catch {
    try {
      JSON.parse(text)
    } catch {
      return unreadable
    }
    // JSON that is too deep or has a member `__proto__` could still hold a field.
    throw invalid('The body of the response is JSON that is too deep or reaches a prototype')
  }
}

/**
 * Whether text that is not JSON contains JSON with a declared place: after a byte order mark, in its lines, or in a
 * JSON string.
 */
const hidesField = (policy: FieldPolicy, text: string): boolean =>
  [text.replace(/^\ufeff/, ''), ...text.split(/[\r\n]+/)].some((part) => holdsPlace(policy, part, 0))

/** JSON in a JSON string in a JSON string. The search for opened values covers deeper texts. */
const maxNesting = 3

const holdsPlace = (policy: FieldPolicy, text: string, nesting: number): boolean => {
  if (!/^\s*["[{]/.test(text)) return false
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return false
  }
  if (typeof value === 'string') return nesting < maxNesting && holdsPlace(policy, value, nesting + 1)
  return !isHarmless(policy, value)
}

// Registered, so that another copy of this package knows it; enumerable, so that a copy of the response keeps it. JSON
// omits it.
const mark = Symbol.for('@glassine/middy/without-fields')

/**
 * Marks a response that holds no declared field: a page, a text, a redirect, a list of something else. It is sent
 * unchanged. The final check still applies: a response with a declared field, or with a value that this invocation has
 * decrypted, is refused.
 *
 * @param response - an HTTP response, or a text that becomes the body of a 200
 * @throws GlassineError `ERR_OPTION_INVALID`
 * @example
 * ```ts
 * import { withoutFields } from '@glassine/middy'
 *
 * const page = withoutFields({
 *   statusCode: 200,
 *   headers: { 'Content-Type': 'text/html' },
 *   body: '<h1>Thank you</h1>',
 * })
 * ```
 */
export const withoutFields = <R extends string | object>(
  response: R,
): R extends string ? { statusCode: 200; body: R } : R => {
  const written: unknown = typeof response === 'string' ? { statusCode: 200, body: response } : response
  if (!isPlainObject(written)) throw badOption('response', 'must be an HTTP response or a text')
  return { ...written, [mark]: true } as never
}

const isWithoutFields = (response: HttpResponse): boolean => (response as { [mark]?: unknown })[mark] === true

/** The status of a response; 200 if it has none. */
export const statusOf = (response: unknown): number => {
  const status = isPlainObject(response) ? response.statusCode : undefined
  return typeof status === 'number' ? status : 200
}

/** Whether a response has no content by its nature: it is not a success, or it is not read. */
export const isWithoutContent = (event: unknown, source: EventSource, response: unknown): boolean => {
  if (!answersHttp(source)) return false
  const method = methodOf(event, source)
  return statusOf(response) >= 300 || method === 'HEAD' || method === 'OPTIONS' || isProbe(event, source)
}

/** A health check of a load balancer. */
const isProbe = (event: unknown, source: EventSource): boolean =>
  source === 'alb' && /^ELB-HealthChecker\//.test(oneValue(requestHeaders(event, source), 'user-agent') ?? '')
