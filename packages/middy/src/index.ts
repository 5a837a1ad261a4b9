export {
  type AssertEncryptedOptions,
  assertEncrypted,
  assertEncryptedValidateOptions,
  type EncryptedGuard,
} from './assert-encrypted.ts'
export {
  type DecryptedBody,
  type DecryptRequestOptions,
  decryptRequest,
  decryptRequestValidateOptions,
} from './decrypt-request.ts'
export {
  type EncryptResponseOptions,
  encryptResponse,
  encryptResponseValidateOptions,
} from './encrypt-response.ts'
export { type EventSource, eventSourceOf, type HttpSource } from './event-source.ts'
export {
  type FieldEncryptionOptions,
  fieldEncryption,
  fieldEncryptionValidateOptions,
} from './field-encryption.ts'
export type { Bind } from './invocation.ts'
export type {
  AlbOptions,
  ClientCertificate,
  CloudFrontOptions,
  RequireTlsOptions,
} from './require-tls/options.ts'
export { requireTls, requireTlsValidateOptions } from './require-tls/require-tls.ts'
export type { ServiceSource } from './service-source.ts'
