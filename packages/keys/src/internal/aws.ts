/*
 * How other packages of Glassine reach AWS: the same clients, guard against plain http, retries and checks of answers
 * as the keyrings here. For those packages only; it may change in any version.
 */
export {
  type AwsClientOptions,
  awsClientSchema,
  checkAwsClientOptions,
  isSdkClient,
} from '../aws/client-options.ts'
export { type AwsService, awsSender } from '../aws/sender.ts'
export { conditionFailed, dynamoDB } from '../key-store/failures.ts'
export { answeredKey, checkedAnswer } from '../kms/answers.ts'
export { type KeyReference, keyReferenceOf } from '../kms/arn.ts'
export { kmsService, operationOf } from '../kms/aws-sdk.ts'
export { incompleteAnswer, wrongAnswer } from '../kms/failures.ts'
export { keyRule } from '../kms/options.ts'
export { firstAnswer } from '../kms/retry.ts'
