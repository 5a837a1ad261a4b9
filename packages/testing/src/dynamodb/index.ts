export {
  type LocalDynamoDB,
  type LocalDynamoDBKind,
  type LocalDynamoDBOptions,
  startLocalDynamoDB,
} from './local-dynamodb.ts'
export { withoutTransactions } from './without-transactions.ts'
