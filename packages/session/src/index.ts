export type { BudgetOptions } from './budget.ts'
export { type SessionEnvelope, sessionEnvelope } from './envelope.ts'
export type { SessionEnvelopeOptions } from './envelope-options.ts'
export {
  type EcPublicJwk,
  type PrivateJwk,
  type PublicJwk,
  publicJwkOf,
  type RecipientAlgorithm,
  type RecipientJwk,
  type RsaPublicJwk,
  recipientJwk,
} from './jwk.ts'
export type { KmsKeyOptions } from './kms/kms-key.ts'
export type {
  SessionKmsInput,
  SessionKmsOperations,
  SessionKmsResponse,
} from './kms/operations.ts'
export { type PublishedKeysOptions, publishedKeys } from './published-keys.ts'
export { kmsAgreementRecipient, kmsRsaRecipient } from './recipients/kms.ts'
export { type LocalRecipientOptions, localRecipient } from './recipients/local.ts'
export type {
  AgreeRequest,
  DecryptKeyRequest,
  Recipient,
} from './recipients/recipient.ts'
export { type WrappedRecipientOptions, wrappedRecipient } from './recipients/wrapped.ts'
export type { ReplayStore } from './replay.ts'
export { type DynamoDBReplayStoreOptions, dynamodbReplayStore } from './replay-store.ts'
export { kmsSigner, type LocalSignerOptions, localSigner, type Signer } from './signer.ts'
