export type { AwsClientOptions, AwsSdkClient } from './aws/client-options.ts'
export type { BranchKey, BranchKeyRequest, BranchKeySource } from './branch-key.ts'
export type { KeptKeysOptions } from './cache-options.ts'
export type { DataKey } from './data-key.ts'
export { type EncryptionContext, type SerialisedContext, serialiseContext } from './encryption-context.ts'
export { type KeyMaterial, type KeyMaterialOptions, type KeyStats, keyMaterial } from './key-material.ts'
export type { DecryptionKeyRequest, EncryptionKeyRequest, KeyRequest } from './key-request.ts'
export type {
  EncryptedDataKey,
  GenerateRequest,
  Keyring,
  KeyringRequest,
  UnwrapRequest,
  WrapRequest,
} from './keyring.ts'
export {
  type HierarchicalKeyring,
  type HierarchicalKeyringOptions,
  hierarchicalKeyring,
} from './keyrings/hierarchical.ts'
export type { BeaconKey } from './keyrings/hierarchy/beacon-key.ts'
export type { BranchKeyIdRequest, BranchKeyIdSupplier } from './keyrings/hierarchy/branch-key-id.ts'
export { kmsKeyring } from './keyrings/kms/kms-keyring.ts'
export type { KmsAnswer, KmsCallOptions, KmsInput, KmsOperations } from './keyrings/kms/operations.ts'
export type { KmsAllowOptions, KmsKeyringOptions } from './keyrings/kms/options.ts'
export { type LocalKeyringOptions, localKeyring } from './keyrings/local.ts'
export { type MultiKeyringOptions, multiKeyring } from './keyrings/multi.ts'
export { type RawAesKeyringOptions, rawAesKeyring } from './keyrings/raw-aes.ts'
