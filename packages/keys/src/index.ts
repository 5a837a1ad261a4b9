export type { AwsClientOptions, AwsSdkClient } from './aws/client-options.ts'
export type { KeyCacheOptions } from './cache-options.ts'
export type { EncryptionContext, SerialisedContext } from './encryption-context.ts'
export { type KeyMaterial, type KeyMaterialOptions, type KeyStats, keyMaterial } from './key-material.ts'
export type { DecryptionKeyRequest, EncryptionKeyRequest, KeyRequest, UnprovenKey } from './key-request.ts'
export type {
  CallBudget,
  EncryptedDataKey,
  GenerateRequest,
  Keyring,
  KeyringRequest,
  UnwrapRequest,
  WrapRequest,
} from './keyring.ts'
export { kmsKeyring } from './kms/kms-keyring.ts'
export type { KmsCallOptions, KmsInput, KmsOperations, KmsResponse } from './kms/operations.ts'
export type { KmsAllowOptions, KmsKeyringOptions } from './kms/options.ts'
export type { DataKey, KeyLease } from './lease.ts'
export { type MultiKeyringOptions, multiKeyring } from './multi-keyring.ts'
export type { SenderBudgetOptions } from './sender-budget.ts'
