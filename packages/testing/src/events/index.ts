import { optionError } from '@glassine/core/internal'
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
import { type AlbOverrides, albEvent } from './alb.ts'
import { type AppSyncOverrides, appSyncEvent } from './appsync.ts'
import { dynamodbStreamEvent, type StreamOverrides } from './dynamodb-stream.ts'
import { type EventBridgeOverrides, eventBridgeEvent } from './eventbridge.ts'
import { functionUrlEvent, httpApiEvent } from './http-api.ts'
import type { ClaimsOverrides, HttpOverrides } from './http-request.ts'
import { type LatticeEvent, latticeEvent } from './lattice.ts'
import { kinesisEvent, type RecordsOverrides, snsEvent, sqsEvent } from './records.ts'
import { restEvent } from './rest.ts'
import { type WebsocketEvent, type WebsocketOverrides, websocketEvent } from './websocket.ts'

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

/** What can be chosen in each source's event. */
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

/** Where an event comes from. */
export type SampleSource = keyof SampleEvents

const builders: { [S in SampleSource]: (overrides: SampleOverrides[S]) => SampleEvents[S] } = {
  rest: restEvent,
  'http-api': httpApiEvent,
  'function-url': functionUrlEvent,
  alb: albEvent,
  lattice: latticeEvent,
  websocket: websocketEvent,
  sqs: sqsEvent,
  sns: snsEvent,
  kinesis: kinesisEvent,
  eventbridge: eventBridgeEvent,
  'dynamodb-stream': dynamodbStreamEvent,
  appsync: appSyncEvent,
}

/** Every source, for tests that go through all of them. */
export const sampleSources: readonly SampleSource[] = Object.keys(builders) as SampleSource[]

/**
 * Makes the event that a source sends to Lambda: its real shape, with values of a made-up account. Ids and times
 * are constant, and each call returns a new object, which is the caller's to change.
 *
 * HTTP sources come over TLS by default; `proto: 'http'` makes the event of a client that did not use it.
 *
 * @throws GlassineError `ERR_OPTION_INVALID` for an unknown source or a body that JSON cannot hold
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
  const build = Object.hasOwn(builders, source) ? builders[source] : undefined
  if (!build) throw optionError('@glassine/testing', 'source', `must be one of ${sampleSources.join(', ')}`)
  return build(overrides)
}
