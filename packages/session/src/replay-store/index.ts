export { type DynamoDBReplayStoreOptions, dynamodbReplayStore } from './dynamodb.ts'
