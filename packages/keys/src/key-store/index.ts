export type { BranchKey, BranchKeyRequest, BranchKeySource } from '../branch-key.ts'
export type { CreateKeyInput } from './create-key.ts'
export {
  type HierarchicalKeyring,
  type HierarchicalKeyringOptions,
  hierarchicalKeyring,
} from './hierarchical-keyring.ts'
export type { BranchKeyIdRequest, BranchKeyIdSupplier } from './hierarchy/branch-key-id.ts'
export { type BranchKeyInput, type KeyStore, keyStore } from './key-store.ts'
export type { KeyStoreKmsKey } from './kms-keys.ts'
export type { KeyStoreKmsOperations, ReEncryptInput } from './kms-operations.ts'
export type { KeyStoreKmsOptions, KeyStoreOptions } from './options.ts'
