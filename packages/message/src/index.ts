export {
  type Bundled,
  type MessageBundleEnvelope,
  type MessageEnvelope,
  messageEnvelope,
} from './envelope.ts'
export type {
  BundleShapeOptions,
  CommonEnvelopeOptions,
  FieldShapeOptions,
  MessageEnvelopeOptions,
} from './envelope-options.ts'
export type { CommittingSuite } from './suites.ts'
