import { named, nameOf, type Verdict, verdictOf } from '../kms/failures.ts'
import { firstAnswer } from '../kms/retry.ts'
import type { AwsClientOptions } from './client-options.ts'
import { type AwsCommand, type AwsService, awsSender } from './sender.ts'

type Command = new (input: any) => AwsCommand

/**
 * The commands that are sent. Not the type of the SDK's module: our declarations would then need it, and it is an
 * optional peer.
 */
interface DynamoDBCommands {
  readonly CreateTableCommand: Command
  readonly DeleteItemCommand: Command
  readonly DescribeTableCommand: Command
  readonly GetItemCommand: Command
  readonly PutItemCommand: Command
  readonly QueryCommand: Command
  readonly TransactWriteItemsCommand: Command
}

/** DynamoDB as the AWS SDK presents it. */
const dynamoDBService: AwsService<typeof import('@aws-sdk/client-dynamodb')> = {
  name: 'DynamoDB',
  package: '@aws-sdk/client-dynamodb',
  load: () => import('@aws-sdk/client-dynamodb'),
  clientOf: ({ DynamoDBClient }) => DynamoDBClient,
}

/** An answer, or the names of definite refusals. */
export type Answered<T> = { answer: T } | { refusals: readonly string[] }

/** Sends a command to DynamoDB, with retries. */
export type DynamoDBSend = <T>(
  make: (sdk: DynamoDBCommands) => AwsCommand,
  deadline: () => number,
) => Promise<Answered<T>>

/** @param region - of clients that are made here, where `awsClientOptions` names none */
export const dynamoDBSender = (options: AwsClientOptions, region?: string): DynamoDBSend => {
  const sender = awsSender(options, dynamoDBService)
  const own = (options.awsClientOptions as { region?: unknown } | undefined)?.region
  const place = own === undefined ? region : undefined
  return <T>(make: (sdk: DynamoDBCommands) => AwsCommand, deadline: () => number) =>
    firstAnswer(
      [
        async (signal) => {
          try {
            return (await sender.send(make, { signal, region: place })) as T
          } catch (thrown) {
            throw namedCondition(thrown)
          }
        },
      ],
      deadline,
      dynamoDB,
    )
}

/** The name that a failed condition is given here, of a transaction or of one item. */
export const conditionFailed = 'ConditionalCheckFailed'

/** What will not: names that KMS does not have. */
const refusals = new Set([
  conditionFailed,
  'ItemCollectionSizeLimitExceeded',
  'ResourceNotFoundException',
  'ValidationError',
])

/** What may pass though it is answered by 400 and with a name. */
const passing = new Set([
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'TransactionConflict',
  'TransactionConflictException',
  'TransactionInProgressException',
])

/** What a failed call of DynamoDB means; see {@link verdictOf}, which is KMS's. */
const dynamoDBVerdictOf = (thrown: unknown): Verdict => {
  const name = nameOf(thrown)
  if (refusals.has(name)) return 'refused'
  return passing.has(name) ? 'retry' : verdictOf(thrown)
}

const dynamoDB = { name: 'DynamoDB', verdictOf: dynamoDBVerdictOf }

/**
 * Tells apart why a transaction was cancelled, and gives a failed condition one name. The error and its reasons hold
 * the items, so nothing but a name is taken over.
 */
const namedCondition = (thrown: unknown): unknown => {
  const thrownName = nameOf(thrown)
  if (thrownName === 'ConditionalCheckFailedException') return named(conditionFailed)
  const { CancellationReasons: reasons } = (thrown ?? {}) as { CancellationReasons?: unknown }
  if (thrownName !== 'TransactionCanceledException' || !Array.isArray(reasons)) return thrown
  const codes = reasons.map((reason: { Code?: unknown } | null) => reason?.Code)
  const name = codes.includes(conditionFailed)
    ? conditionFailed
    : codes.find((code): code is string => typeof code === 'string' && code !== 'None')
  return name === undefined ? thrown : named(name)
}
