export type { BranchKey, BranchKeyRequest, BranchKeySource } from './branch-key.ts'
export type { KeyStoreKmsOperations, ReEncryptInput } from './branch-key-kms.ts'
export type { BranchKeyIdRequest, BranchKeyIdSupplier } from './branch-keys.ts'
export type { CreateKeyInput } from './create-key.ts'
export {
  type HierarchicalKeyring,
  type HierarchicalKeyringOptions,
  hierarchicalKeyring,
} from './hierarchical-keyring.ts'
export { type BranchKeyInput, type KeyStore, keyStore } from './key-store.ts'
export type { KeyStoreKmsKey, KeyStoreKmsOptions, KeyStoreOptions } from './options.ts'
