export { type DecryptOptions, type DecryptResult, decrypt } from './decrypt.ts'
export { type EncryptOptions, type EncryptResult, encrypt } from './encrypt.ts'
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
export type { KeySource } from './key-source.ts'
export type { MessageHeader } from './message-header.ts'
export type { CommittingSuite, LegacySuite } from './suites.ts'
