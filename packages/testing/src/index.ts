export type { KmsCall } from './kms/call-log.ts'
export { type KmsFault, type KmsFaultKind, type KmsFaults, kmsFaultKinds } from './kms/faults.ts'
export {
  type LocalKms,
  type LocalKmsClientOptions,
  type LocalKmsCredentials,
  type LocalKmsKey,
  startLocalKms,
} from './kms/local-kms.ts'
export type { LocalKmsKeyOptions, LocalKmsOptions } from './kms/options.ts'
export type { KeySpec, KeyUsage } from './kms/specs.ts'
