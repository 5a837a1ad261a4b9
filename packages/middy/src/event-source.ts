import { isPlainObject } from '@glassine/core/internal'
import { fault } from './errors.ts'
import { getOwn, getOwnObject, getOwnString } from './event-value.ts'

/** AWS services that call a function on their own, so that no client's connection is behind the event. */
const serviceSources = [
  'sqs',
  'sns',
  'kinesis',
  'dynamodb-stream',
  's3',
  'eventbridge',
  'firehose',
  'kafka',
  'mq',
  'cognito',
  'service',
] as const

/**
 * A service that sends events without a client's connection: `sqs`, `sns`, `kinesis`, `dynamodb-stream`, `s3`,
 * `eventbridge`, `firehose`, `kafka`, `mq`, `cognito`, or `service` for any other.
 */
export type ServiceSource = (typeof serviceSources)[number]

/** `eventSource` of a record, or of the whole event. */
const names: { readonly [eventSource: string]: ServiceSource } = {
  'aws:sqs': 'sqs',
  'aws:sns': 'sns',
  'aws:kinesis': 'kinesis',
  'aws:dynamodb': 'dynamodb-stream',
  'aws:s3': 's3',
  'aws:ses': 'service',
  'aws:codecommit': 'service',
  'aws:kafka': 'kafka',
  SelfManagedKafka: 'kafka',
  'aws:SelfManagedKafka': 'kafka',
  'aws:mq': 'mq',
  'aws:amq': 'mq',
  'aws:rmq': 'mq',
}

const named = (eventSource: string | undefined): ServiceSource | undefined =>
  eventSource !== undefined && Object.hasOwn(names, eventSource) ? names[eventSource] : undefined

type Event = Record<string, unknown>

/** What distinguishes the services without records: members that are texts, and further conditions. */
const shapes: readonly (readonly [
  ServiceSource,
  texts: readonly string[],
  also?: (event: Event) => unknown,
])[] = [
  // Firehose transformations and those of Kinesis Analytics.
  ['firehose', ['invocationId'], (event) => getOwnString(event, 'records', '0', 'recordId') !== undefined],
  ['eventbridge', ['detail-type', 'source'], (event) => getOwnObject(event, 'detail')],
  ['cognito', ['triggerSource', 'userPoolId']],
  ['cognito', ['identityPoolId', 'identityId', 'datasetName']],
  ['service', [], (event) => getOwnString(event, 'awslogs', 'data') !== undefined],
  ['service', ['alarmArn'], (event) => getOwnString(event, 'source') === 'aws.cloudwatch'],
  ['service', ['RequestType', 'StackId', 'ResponseURL']],
  ['service', [], (event) => getOwnObject(event, 'CodePipeline.job')],
  ['service', ['DeploymentId', 'LifecycleEventHookExecutionId']],
  ['service', ['invokingEvent', 'configRuleArn']],
  ['service', ['invocationSchemaVersion'], (event) => Array.isArray(getOwn(event, 'tasks'))],
  ['service', ['SecretId', 'ClientRequestToken', 'Step']],
]

/** The AWS service that sent an event without `requestContext`, if it is a known one. */
const serviceSource = (event: Event): ServiceSource | undefined => {
  const records = getOwn(event, 'Records')
  if (Array.isArray(records)) {
    const [first] = records
    // SNS writes it with a capital letter.
    return named(getOwnString(first, 'eventSource') ?? getOwnString(first, 'EventSource'))
  }
  return (
    named(getOwnString(event, 'eventSource')) ??
    shapes.find(
      ([, texts, also = () => true]) =>
        texts.every((name) => getOwnString(event, name) !== undefined) && also(event),
    )?.[0]
  )
}

const httpSources = [
  'rest',
  'http-api',
  'function-url',
  'alb',
  'lattice-v1',
  'lattice-v2',
  'websocket-connect',
] as const

/**
 * Sources that carry an HTTP request with headers: `rest`, `http-api`, `function-url`, `alb`, `lattice-v1`,
 * `lattice-v2`, `websocket-connect`.
 */
export type HttpSource = (typeof httpSources)[number]

/** All sources, for the option `sources`. */
export const eventSources = [
  ...httpSources,
  'websocket-message',
  'websocket-disconnect',
  'appsync',
  'edge-viewer',
  'edge-origin',
  ...serviceSources,
  'direct',
] as const

/**
 * Where an event comes from. `direct` is an object without any mark of AWS, as in a direct invocation or a
 * Step Functions task; `unknown` has some marks but fits no known source.
 */
export type EventSource = (typeof eventSources)[number] | 'unknown'

const websockets: ReadonlyMap<unknown, EventSource> = new Map([
  ['CONNECT', 'websocket-connect'],
  ['MESSAGE', 'websocket-message'],
  ['DISCONNECT', 'websocket-disconnect'],
])

/** Members that only AWS events have: an event with one of them is not the payload of a direct invocation. */
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
 * Classifies an event by its own data properties, and never throws. Anyone who may call `lambda:InvokeFunction` can
 * forge any event; this distinguishes the events that AWS sends.
 */
export const eventSourceOf = (event: unknown): EventSource => {
  if (Array.isArray(event)) return event.length > 0 && event.every(isAppSync) ? 'appsync' : 'unknown'
  if (!isPlainObject(event)) return 'unknown'
  const context = getOwnObject(event, 'requestContext')
  if (context) return withContext(event, context)
  const cloudFront = Array.isArray(getOwn(event, 'Records')) && getOwnObject(event, 'Records', '0', 'cf')
  if (cloudFront) return edge(cloudFront)
  // AppSync before the services: its members are more specific.
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

/**
 * The source of an event, if the function is behind it.
 *
 * @param sources - default: all. The source is read from the event's own marks; integrations that let a client write
 * the whole event (non-proxy REST integrations, IoT rules) let the client write those too.
 * @throws GlassineError `ERR_EVENT_UNKNOWN`
 */
export const wiredSourceOf = (event: unknown, sources: readonly EventSource[] | undefined): EventSource => {
  const source = eventSourceOf(event)
  if (sources !== undefined && !sources.includes(source))
    throw fault('ERR_EVENT_UNKNOWN', { reason: `an event of the source ${source}` })
  return source
}

/** No client can write into `requestContext`: AWS does. */
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
  // Without its type an event counts as a viewer's, which proves less.
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

/** The request's method, upper-case; nothing if the source has none. */
export const methodOf = (event: unknown, source: EventSource): string | undefined => {
  const path = methodPaths[source]
  return path && getOwnString(event, ...path)?.toUpperCase()
}

/** Whether a request came through Lambda@Edge. */
export const isEdge = (source: EventSource): boolean => source === 'edge-viewer' || source === 'edge-origin'

const https: ReadonlySet<EventSource> = new Set(httpSources)

/** Whether the function's result is an HTTP response. */
export const answersHttp = (source: EventSource): boolean =>
  https.has(source) || source === 'websocket-message' || source === 'websocket-disconnect'

/** Whether the event is a client's HTTP request, with headers. */
export const isHttpSource = (source: EventSource): source is HttpSource => https.has(source)
