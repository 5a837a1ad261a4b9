/*
 * What Glassine's packages share. Only they import this path, and it may change in any version.
 */
export {
  awsClientSchema,
  checkAwsClientOptions,
  isSdkClient,
} from './aws/client-options.ts'
export { conditionFailed, dynamoDBSender } from './aws/dynamodb.ts'
export { boundedMap, ownerOf } from './bounded-map.ts'
export { Cache } from './cache.ts'
export type { CacheCounts, CacheOptions } from './cache-options.ts'
export { newSigningKey, type SigningKey, signP384, verificationKey, verifyP384 } from './crypto/p384.ts'
export {
  digestBytes,
  gcmOpen,
  gcmSeal,
  gcmSealInto,
  gcmTag,
  gcmVerifyTag,
  hkdfExtract,
  hmac,
  hmacSha512,
  ivBytes,
  type SecretKey,
  secretKey,
  tagBytes,
} from './crypto/symmetric.ts'
export { readEncryptedDataKeys, writeEncryptedDataKeys } from './encrypted-data-keys.ts'
export { serialiseContext } from './encryption-context.ts'
export { refuseInLambda } from './errors.ts'
export { fixedLengthId } from './fixed-length.ts'
export { isCached } from './key-material.ts'
export { Refusals } from './keyring.ts'
export { type KeyReference, keyReferenceOf } from './kms/arn.ts'
export { kmsOperations } from './kms/operations.ts'
export { keyRule } from './kms/options.ts'
export { answeredKey, checkedResponse } from './kms/responses.ts'
export { firstResponse, incompleteResponse, type Refused, wrongResponse } from './kms/retry.ts'
export { RefCounted } from './lease.ts'
export { copyAndZero } from './material.ts'
export { decodePlaintext, jsonBytes, plaintextText } from './payload.ts'
export {
  budgetRule,
  budgetSchema,
  type SenderAccount,
  type SenderBudget,
  senderBudget,
} from './sender-budget.ts'
