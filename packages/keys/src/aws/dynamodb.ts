import {
  firstResponse,
  named,
  nameOf,
  type Refused,
  type Service,
  type Verdict,
  verdictOf,
} from '../kms/retry.ts'
import { RetryBudget } from '../kms/retry-budget.ts'
import type { AwsClientOptions } from './client-options.ts'
import { type AwsCommand, type AwsService, awsSender, rethrow } from './sender.ts'

type Command = new (input: any) => AwsCommand

/**
 * The commands that are sent. Not the type of the SDK's module, since our declarations would then need it, and it is an
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

/** DynamoDB in the AWS SDK. */
const dynamoDBService: AwsService<typeof import('@aws-sdk/client-dynamodb')> = {
  name: 'DynamoDB',
  package: '@aws-sdk/client-dynamodb',
  // With `catch`, bundlers accept that the package is absent.
  load: () => import('@aws-sdk/client-dynamodb').catch(rethrow),
  clientOf: ({ DynamoDBClient }) => DynamoDBClient,
}

/** A response, or the names of definite refusals. */
export type Outcome<T> = { response: T } | Refused

/** Sends a command to DynamoDB, with retries. */
export type DynamoDBSend = <T>(
  make: (sdk: DynamoDBCommands) => AwsCommand,
  deadline: () => number,
) => Promise<Outcome<T>>

/** @param region - of the clients that are created here, if `awsClientOptions` has none */
export const dynamoDBSender = (options: AwsClientOptions, region?: string): DynamoDBSend => {
  const sender = awsSender(options, dynamoDBService)
  const own = (options.awsClientOptions as { region?: unknown } | undefined)?.region
  const place = own === undefined ? region : undefined
  return <T>(make: (sdk: DynamoDBCommands) => AwsCommand, deadline: () => number) =>
    firstResponse(
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

/** Our name for a failed condition, of a transaction or of one item. */
export const conditionFailed = 'ConditionalCheckFailed'

/** Definite refusals, beyond those that DynamoDB shares with KMS. */
const refusals = new Set([
  conditionFailed,
  'ItemCollectionSizeLimitExceeded',
  'ResourceNotFoundException',
  'ValidationError',
])

/** Temporary failures, though the status is 400. */
const passing = new Set([
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'TransactionConflict',
  'TransactionConflictException',
  'TransactionInProgressException',
])

/** What a failed call of DynamoDB means; {@link verdictOf} is the same for KMS. */
const dynamoDBVerdictOf = (thrown: unknown): Verdict => {
  const name = nameOf(thrown)
  if (refusals.has(name)) return 'refused'
  return passing.has(name) ? 'retry' : verdictOf(thrown)
}

const dynamoDB: Service = { name: 'DynamoDB', verdictOf: dynamoDBVerdictOf, budget: new RetryBudget() }

/**
 * Finds the reason for a cancelled transaction, and gives a failed condition one name. The error and its reasons hold
 * the items, so only a name is kept.
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
