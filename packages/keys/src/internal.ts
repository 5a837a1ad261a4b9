/*
 * What the packages of Glassine lend each other. Only they import this path, and it may change in any version.
 */
export {
  awsClientSchema,
  checkAwsClientOptions,
  isSdkClient,
} from './aws/client-options.ts'
export { conditionFailed, dynamoDBSender } from './aws/dynamodb.ts'
export { boundedMap } from './bounded-map.ts'
export { Cache, type CacheCounts, type CacheOptions } from './cache.ts'
export { gcmOpen, gcmSeal, gcmSealInto, gcmTag, gcmVerifyTag, ivBytes, tagBytes } from './crypto/aes-gcm.ts'
export { digestBytes, hkdfExtract, hmac, hmacSha512 } from './crypto/hmac.ts'
export { newSigningKey, type SigningKey, signP384, verificationKey, verifyP384 } from './crypto/p384.ts'
export { type SecretKey, secretKey } from './crypto/secret-key.ts'
export { readEncryptedDataKeys, writeEncryptedDataKeys } from './encrypted-data-keys.ts'
export { answeredKey, checkedAnswer } from './kms/answers.ts'
export { type KeyReference, keyReferenceOf } from './kms/arn.ts'
export { kmsOperations } from './kms/aws-sdk.ts'
export { incompleteAnswer, wrongAnswer } from './kms/failures.ts'
export { keyRule } from './kms/options.ts'
export { firstAnswer } from './kms/retry.ts'
export { decodePlaintext, jsonBytes, refuseOversize } from './payload.ts'
export { RefCounted } from './ref-counted.ts'
