import { isPlainObject } from '@glassine/core/internal'
import { getOwn, getOwnObject, getOwnString } from './event-value.ts'
import { type ServiceSource, serviceSource } from './service-source.ts'

/** Sources that carry an HTTP request with headers. */
export type HttpSource =
  | 'rest'
  | 'http-api'
  | 'function-url'
  | 'alb'
  | 'lattice-v1'
  | 'lattice-v2'
  | 'websocket-connect'

/**
 * Where an event comes from. `direct` is an object that bears no mark of AWS, as of a direct invocation or of a
 * task of Step Functions; `unknown` is what bears some and fits nothing known.
 */
export type EventSource =
  | HttpSource
  | ServiceSource
  | 'appsync'
  | 'websocket-message'
  | 'websocket-disconnect'
  | 'edge-viewer'
  | 'edge-origin'
  | 'direct'
  | 'unknown'

const websockets: ReadonlyMap<unknown, EventSource> = new Map([
  ['CONNECT', 'websocket-connect'],
  ['MESSAGE', 'websocket-message'],
  ['DISCONNECT', 'websocket-disconnect'],
])

/** Members that only an event of AWS has: with one of them an event is no payload of a direct invocation. */
const marks = [
  'requestContext',
  'httpMethod',
  'multiValueHeaders',
  'rawPath',
  'raw_path',
  'methodArn',
  'routeArn',
  'authorizationToken',
  'getObjectContext',
  'Records',
]

/**
 * Classifies an event by its own data properties, and never throws. Whoever may call `lambda:InvokeFunction` can
 * forge any event; this tells apart what AWS sends.
 */
export const eventSourceOf = (event: unknown): EventSource => {
  if (Array.isArray(event)) return event.length > 0 && event.every(isAppSync) ? 'appsync' : 'unknown'
  if (!isPlainObject(event)) return 'unknown'
  const context = getOwnObject(event, 'requestContext')
  if (context) return withContext(event, context)
  const cloudFront = Array.isArray(getOwn(event, 'Records')) && getOwnObject(event, 'Records', '0', 'cf')
  if (cloudFront) return edge(cloudFront)
  // AppSync before the services: its members are the more telling ones.
  if (isAppSync(event)) return 'appsync'
  const service = serviceSource(event)
  if (service) return service
  if (
    getOwnString(event, 'raw_path') !== undefined &&
    getOwnString(event, 'method') &&
    getOwnObject(event, 'headers')
  )
    return 'lattice-v1'
  return marks.some((mark) => Object.hasOwn(event, mark)) ? 'unknown' : 'direct'
}

/** No client can write into `requestContext`: what stands there is what AWS says. */
const withContext = (
  event: Record<string, unknown>,
  context: Readonly<Record<string, unknown>>,
): EventSource => {
  if (getOwnObject(context, 'elb')) return 'alb'
  if (getOwnString(context, 'connectionId')) return websockets.get(getOwn(context, 'eventType')) ?? 'unknown'
  if (getOwnString(context, 'serviceNetworkArn') || getOwnString(context, 'serviceArn')) return 'lattice-v2'
  if (getOwnObject(context, 'http') && getOwn(event, 'version') === '2.0')
    return /\.lambda-url\./.test(getOwnString(context, 'domainName') ?? '') ? 'function-url' : 'http-api'
  // Also an HTTP API with payload format 1.0, and a REQUEST authorizer.
  if (getOwnString(event, 'httpMethod') && getOwnString(event, 'resource') !== undefined) return 'rest'
  return 'unknown'
}

const edge = (cloudFront: unknown): EventSource => {
  const type = getOwnString(cloudFront, 'config', 'eventType')
  // Without its type an event counts as a viewer's, of which less is known.
  return type === 'origin-request' || type === 'origin-response' ? 'edge-origin' : 'edge-viewer'
}

const isAppSync = (event: unknown): boolean =>
  getOwnObject(event, 'arguments') !== undefined &&
  Object.hasOwn(event as object, 'identity') &&
  Object.hasOwn(event as object, 'prev') &&
  (getOwnString(event, 'fieldName') !== undefined || getOwnString(event, 'info', 'fieldName') !== undefined)

/** Where an event of Lambda@Edge keeps the request. */
export const edgeRequest = ['Records', '0', 'cf', 'request'] as const

/** Where each source keeps the method. */
const methodPaths: { readonly [S in EventSource]?: readonly string[] } = {
  rest: ['httpMethod'],
  alb: ['httpMethod'],
  'http-api': ['requestContext', 'http', 'method'],
  'function-url': ['requestContext', 'http', 'method'],
  'lattice-v1': ['method'],
  'lattice-v2': ['method'],
  'edge-viewer': [...edgeRequest, 'method'],
  'edge-origin': [...edgeRequest, 'method'],
}

/** The request's method, upper-case; nothing where the source has none. */
export const methodOf = (event: unknown, source: EventSource): string | undefined => {
  const path = methodPaths[source]
  return path && getOwnString(event, ...path)?.toUpperCase()
}

/** Whether a request came by Lambda@Edge. */
export const isEdge = (source: EventSource): boolean => source === 'edge-viewer' || source === 'edge-origin'

const https: ReadonlySet<EventSource> = new Set<EventSource>([
  'rest',
  'http-api',
  'function-url',
  'alb',
  'lattice-v1',
  'lattice-v2',
  'websocket-connect',
])

/** Whether the function's result is an HTTP response. */
export const answersHttp = (source: EventSource): boolean =>
  https.has(source) || source === 'websocket-message' || source === 'websocket-disconnect'

/** Whether the event is an HTTP request of a client, with headers. */
export const isHttpSource = (source: EventSource): source is HttpSource => https.has(source)
