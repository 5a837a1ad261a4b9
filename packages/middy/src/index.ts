export {
  type AssertEncryptedOptions,
  assertEncrypted,
  assertEncryptedValidateOptions,
  type EncryptedGuard,
} from './assert-encrypted.ts'
export type { DecryptRequestOptions } from './decrypt-options.ts'
export {
  decryptRequest,
  decryptRequestValidateOptions,
} from './decrypt-request.ts'
export type { DecryptedBody, DecryptedEvent } from './decrypted-event.ts'
export type { EncryptResponseOptions } from './encrypt-options.ts'
export {
  encryptResponse,
  encryptResponseValidateOptions,
} from './encrypt-response.ts'
export type { EventSource, HttpSource, ServiceSource } from './event-source.ts'
export {
  type FieldEncryptionOptions,
  fieldEncryption,
  fieldEncryptionValidateOptions,
} from './field-encryption.ts'
export type { Bind } from './invocation.ts'
export type { OnRefused, Refusal } from './on-refused.ts'
export type {
  AlbOptions,
  ClientCertificate,
  CloudFrontOptions,
  RequireTlsOptions,
} from './require-tls/options.ts'
export { requireTls, requireTlsValidateOptions } from './require-tls/require-tls.ts'
export type { ResourceOptions } from './resource.ts'
export { withoutFields } from './response.ts'
export {
  anyInvoker,
  certificateSubject,
  type EnvelopeEntry,
  type EnvelopeOption,
  type From,
  iamRole,
  jwtClaim,
  verifiedClaim,
} from './senders.ts'
