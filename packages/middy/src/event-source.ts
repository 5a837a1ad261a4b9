import { isPlainObject } from '@glassine/core'
import { own, ownObject, ownText } from './own.ts'
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
  const context = ownObject(event, 'requestContext')
  if (context) return withContext(event, context)
  const records = own(event, 'Records')
  if (Array.isArray(records)) {
    const cloudFront = ownObject(records[0], 'cf')
    if (cloudFront) return edge(cloudFront)
  }
  // AppSync before the services: its members are the more telling ones.
  if (isAppSync(event)) return 'appsync'
  const service = serviceSource(event)
  if (service) return service
  if (ownText(event, 'raw_path') !== undefined && ownText(event, 'method') && ownObject(event, 'headers'))
    return 'lattice-v1'
  return marks.some((mark) => Object.hasOwn(event, mark)) ? 'unknown' : 'direct'
}

/** No client can write into `requestContext`: what stands there is what AWS says. */
const withContext = (
  event: Record<string, unknown>,
  context: Readonly<Record<string, unknown>>,
): EventSource => {
  if (ownObject(context, 'elb')) return 'alb'
  if (ownText(context, 'connectionId')) return websockets.get(own(context, 'eventType')) ?? 'unknown'
  if (ownText(context, 'serviceNetworkArn') || ownText(context, 'serviceArn')) return 'lattice-v2'
  if (ownObject(context, 'http') && own(event, 'version') === '2.0')
    return /\.lambda-url\./.test(ownText(context, 'domainName') ?? '') ? 'function-url' : 'http-api'
  // Also an HTTP API with payload format 1.0, and a REQUEST authorizer.
  if (ownText(event, 'httpMethod') && ownText(event, 'resource') !== undefined) return 'rest'
  return 'unknown'
}

const edge = (cloudFront: unknown): EventSource => {
  const type = ownText(ownObject(cloudFront, 'config'), 'eventType')
  // Without its type an event counts as a viewer's, of which less is known.
  return type === 'origin-request' || type === 'origin-response' ? 'edge-origin' : 'edge-viewer'
}

const isAppSync = (event: unknown): boolean =>
  ownObject(event, 'arguments') !== undefined &&
  Object.hasOwn(event as object, 'identity') &&
  Object.hasOwn(event as object, 'prev') &&
  (ownText(event, 'fieldName') !== undefined || ownText(ownObject(event, 'info'), 'fieldName') !== undefined)

/** The request's method, upper-case; nothing where the source has none. */
export const methodOf = (event: unknown, source: EventSource): string | undefined => {
  switch (source) {
    case 'rest':
    case 'alb':
      return ownText(event, 'httpMethod')?.toUpperCase()
    case 'http-api':
    case 'function-url':
      return ownText(ownObject(ownObject(event, 'requestContext'), 'http'), 'method')?.toUpperCase()
    case 'lattice-v1':
    case 'lattice-v2':
      return ownText(event, 'method')?.toUpperCase()
    case 'edge-viewer':
    case 'edge-origin':
      return ownText(edgeRequest(event), 'method')?.toUpperCase()
    default:
      return undefined
  }
}

/** The request in an event of Lambda@Edge. */
export const edgeRequest = (event: unknown): Record<string, unknown> | undefined =>
  ownObject(ownObject((own(event, 'Records') as readonly unknown[])[0], 'cf'), 'request')

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
