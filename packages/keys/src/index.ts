export type { DataKey } from './data-key.ts'
export { type EncryptionContext, type SerialisedContext, serialiseContext } from './encryption-context.ts'
export type {
  DecryptionKeyRequest,
  EncryptionKeyRequest,
  KeyMaterial,
  KeyRequest,
  KeyStats,
} from './key-material.ts'
export type {
  EncryptedDataKey,
  GenerateRequest,
  Keyring,
  KeyringRequest,
  UnwrapRequest,
  WrapRequest,
} from './keyring.ts'
