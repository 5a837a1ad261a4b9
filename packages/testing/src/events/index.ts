import { checkedOptions, type OptionSchema } from '@glassine/core/internal'
import type {
  ALBEvent,
  APIGatewayProxyEvent,
  APIGatewayProxyEventV2WithJWTAuthorizer,
  AppSyncResolverEvent,
  DynamoDBStreamEvent,
  EventBridgeEvent,
  KinesisStreamEvent,
  LambdaFunctionURLEvent,
  SNSEvent,
  SQSEvent,
} from 'aws-lambda'
import { badOption, packageName } from '../options.ts'
import { type AppSyncOverrides, appSyncEvent, appSyncOptions } from './appsync.ts'
import { dynamodbStreamEvent, type StreamOverrides, streamOptions } from './dynamodb-stream.ts'
import { functionUrlEvent, httpApiEvent } from './http-api.ts'
import { type ClaimsOverrides, claimsOptions, type HttpOverrides, httpOptions } from './http-request.ts'
import { type AlbOverrides, albEvent, albOptions, type LatticeEvent, latticeEvent } from './load-balancers.ts'
import {
  type EventBridgeOverrides,
  eventBridgeEvent,
  eventBridgeOptions,
  kinesisEvent,
  type RecordsOverrides,
  recordsOptions,
  snsEvent,
  sqsEvent,
} from './records.ts'
import { restEvent } from './rest.ts'
import {
  type WebsocketEvent,
  type WebsocketOverrides,
  websocketEvent,
  websocketOptions,
} from './websocket.ts'

/** The type of each source's event. */
export interface SampleEvents {
  rest: APIGatewayProxyEvent
  'http-api': APIGatewayProxyEventV2WithJWTAuthorizer
  'function-url': LambdaFunctionURLEvent
  alb: ALBEvent
  lattice: LatticeEvent
  websocket: WebsocketEvent
  sqs: SQSEvent
  sns: SNSEvent
  kinesis: KinesisStreamEvent
  eventbridge: EventBridgeEvent<string, any>
  'dynamodb-stream': DynamoDBStreamEvent
  appsync: AppSyncResolverEvent<any>
}

/** The overrides of each source's event. */
export interface SampleOverrides {
  rest: HttpOverrides & ClaimsOverrides
  'http-api': HttpOverrides & ClaimsOverrides
  'function-url': HttpOverrides
  alb: AlbOverrides
  lattice: HttpOverrides
  websocket: WebsocketOverrides
  sqs: RecordsOverrides
  sns: RecordsOverrides
  kinesis: RecordsOverrides
  eventbridge: EventBridgeOverrides
  'dynamodb-stream': StreamOverrides
  appsync: AppSyncOverrides
}

/** Where an event comes from: a member of {@link SampleEvents}. */
export type SampleSource = keyof SampleEvents

const httpWithClaims = { ...httpOptions, ...claimsOptions }

/** The overrides that each source's event accepts, and its maker. */
const builders: {
  readonly [S in SampleSource]: readonly [
    OptionSchema<SampleOverrides[S]>,
    (overrides: SampleOverrides[S]) => SampleEvents[S],
  ]
} = {
  rest: [httpWithClaims, restEvent],
  'http-api': [httpWithClaims, httpApiEvent],
  'function-url': [httpOptions, functionUrlEvent],
  alb: [albOptions, albEvent],
  lattice: [httpOptions, latticeEvent],
  websocket: [websocketOptions, websocketEvent],
  sqs: [recordsOptions, sqsEvent],
  sns: [recordsOptions, snsEvent],
  kinesis: [recordsOptions, kinesisEvent],
  eventbridge: [eventBridgeOptions, eventBridgeEvent],
  'dynamodb-stream': [streamOptions, dynamodbStreamEvent],
  appsync: [appSyncOptions, appSyncEvent],
}

/**
 * Every source, for tests that go through all of them.
 *
 * @example
 * ```ts
 * import { sampleEvent, sampleSources } from '@glassine/testing'
 *
 * const events = sampleSources.map((source) => sampleEvent(source))
 * ```
 */
export const sampleSources: readonly SampleSource[] = Object.keys(builders) as SampleSource[]

/**
 * Makes the event that a source sends to Lambda: its real shape, with values of a made-up account. Ids and times
 * are constant. Each call returns a new object that you may change.
 *
 * HTTP sources use TLS by default; `proto: 'http'` makes the event of a client without TLS.
 *
 * @throws GlassineError `ERR_OPTION_INVALID` for an unknown source, an override that the source does not have or with
 *   the wrong type, and a body that JSON cannot represent
 * @example
 * ```ts
 * import { sampleEvent } from '@glassine/testing'
 *
 * const event = sampleEvent('http-api', { body: { id: 'p-1' }, origin: 'https://app.example.com', tenant: 't-1' })
 * const batch = sampleEvent('sqs', { bodies: [{ id: 'p-1' }, { id: 'p-2' }] })
 * ```
 */
export const sampleEvent = <S extends SampleSource>(
  source: S,
  overrides: SampleOverrides[S] = {},
): SampleEvents[S] => {
  if (!Object.hasOwn(builders, source))
    throw badOption('source', `must be one of ${sampleSources.join(', ')}`)
  const [options, build] = builders[source]
  return build(checkedOptions(packageName, options, overrides))
}
