export {
  type KeySpec,
  type KeyUsage,
  type KmsCall,
  type KmsFault,
  type KmsFaultKind,
  type KmsFaults,
  type LocalKms,
  type LocalKmsAccessKey,
  type LocalKmsClientOptions,
  type LocalKmsCredentials,
  type LocalKmsKey,
  type LocalKmsKeyOptions,
  LocalKmsOptionError,
  type LocalKmsOptions,
  startLocalKms,
} from '@glassine/local-kms'
export type { AlbOverrides } from './events/alb.ts'
export type { AppSyncOverrides } from './events/appsync.ts'
export type { SampleAttribute, StreamOverrides, StreamRecordOverrides } from './events/dynamodb-stream.ts'
export type { EventBridgeOverrides } from './events/eventbridge.ts'
export type { ClaimsOverrides, HttpOverrides } from './events/http-request.ts'
export {
  type SampleEvents,
  type SampleOverrides,
  type SampleSource,
  sampleEvent,
  sampleSources,
} from './events/index.ts'
export type { LatticeEvent } from './events/lattice.ts'
export type { RecordsOverrides } from './events/records.ts'
export type { WebsocketEvent, WebsocketOverrides } from './events/websocket.ts'
export { type ContextOptions, sampleContext } from './invoke/context.ts'
export { type HttpResponse, type InvokeOptions, invoke, type LambdaHandler } from './invoke/index.ts'
export { type Leak, leaksOf, type Secret, type Secrets } from './leaks/index.ts'
