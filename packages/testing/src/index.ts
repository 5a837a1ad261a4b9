export {
  type KeySpec,
  type KeyUsage,
  type KmsCall,
  type KmsFault,
  type KmsFaultKind,
  type KmsFaults,
  type LocalKms,
  type LocalKmsAccessKey,
  type LocalKmsClientChoice,
  type LocalKmsClientOptions,
  type LocalKmsCredentials,
  type LocalKmsKey,
  type LocalKmsKeyOptions,
  type LocalKmsOptions,
  startLocalKms,
} from '@glassine/local-kms'
export type { AppSyncOverrides } from './events/appsync.ts'
export type { SampleAttribute, StreamOverrides, StreamRecordOverrides } from './events/dynamodb-stream.ts'
export type { ClaimsOverrides, HttpOverrides } from './events/http-request.ts'
export {
  type SampleEvents,
  type SampleOverrides,
  type SampleSource,
  sampleEvent,
  sampleSources,
} from './events/index.ts'
export type { AlbOverrides, LatticeEvent } from './events/load-balancers.ts'
export type { EventBridgeOverrides, RecordsOverrides } from './events/records.ts'
export type { WebsocketEvent, WebsocketOverrides } from './events/websocket.ts'
export type { Comparison, Explanation } from './explain/comparison.ts'
export type {
  ExpectedOfEvent,
  ExpectedOfItem,
  ExpectedOfPayload,
  SentItem,
} from './explain/expected.ts'
export { explain } from './explain/index.ts'
export type { Sent } from './explain/session-parts.ts'
export { type ContextOptions, sampleContext } from './invoke/context.ts'
export { type HandlerFetchOptions, type HandlersByPath, handlerFetch } from './invoke/fetch.ts'
export { type HttpResponse, type InvokeOptions, invoke, type LambdaHandler } from './invoke/index.ts'
export { type Leak, leaksOf, type Secret, type Secrets } from './leaks/index.ts'
