export type { KmsCall } from './call-log.ts'
export type { LocalKmsAccessKey, LocalKmsCredentials } from './credentials.ts'
export { LocalKmsOptionError } from './errors.ts'
export { type KmsFault, type KmsFaultKind, type KmsFaults, kmsFaultKinds } from './faults.ts'
export {
  type LocalKms,
  type LocalKmsClientOptions,
  type LocalKmsKey,
  startLocalKms,
} from './local-kms.ts'
export type { LocalKmsClientChoice, LocalKmsKeyOptions, LocalKmsOptions } from './options.ts'
export type { LocalKmsPrincipal } from './principals.ts'
export type { KeySpec, KeyUsage } from './specs.ts'
