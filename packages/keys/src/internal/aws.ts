/*
 * How other packages of Glassine reach AWS: the same clients, guard against plain http, retries and checks of answers
 * as the keyrings here. For those packages only; it may change in any version.
 */
export {
  type AwsClientOptions,
  type AwsSdkClient,
  awsClientOptions,
  checkAwsClientOptions,
  isSdkClient,
} from '../aws/client-options.ts'
export { type AwsCommand, type AwsSender, type AwsService, awsSender } from '../aws/sender.ts'
export { conditionFailed, dynamoDB } from '../key-store/failures.ts'
export { answeredKey, checkedAnswer } from '../kms/answers.ts'
export { type KeyReference, keyArnOf, keyReferenceOf } from '../kms/arn.ts'
export { kmsService, tokens } from '../kms/aws-sdk.ts'
export { incompleteAnswer, nameOf, wrongAnswer } from '../kms/failures.ts'
export type { KmsCallOptions } from '../kms/operations.ts'
export { type Call, firstAnswer } from '../kms/retry.ts'
