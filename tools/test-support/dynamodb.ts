import { describe, test } from '@jest/globals'
import {
  type LocalDynamoDBKind,
  missingDynamoDB,
} from '../../packages/testing/src/dynamodb/local-dynamodb.ts'
import { describeWhere } from './where.ts'

/** Describes tests on one local DynamoDB server, which they start and close. */
export const describeDynamoDB = (kind: LocalDynamoDBKind, name: string, tests: () => void): void =>
  describeWhere('dynamodb', missingDynamoDB(kind), `${kind}: ${name}`, tests)

/** Describes tests on each local DynamoDB server. */
export const describeEachDynamoDB = (name: string, tests: (kind: LocalDynamoDBKind) => void): void => {
  for (const kind of ['dynoxide', 'dynalite'] as const) describeDynamoDB(kind, name, () => tests(kind))
}

/** Describes tests of transactions, which only one of the servers supports. */
export const describeTransactions = (name: string, tests: () => void): void => {
  describeDynamoDB('dynoxide', name, tests)
  describe(`dynalite: ${name}`, () => {
    test.skip('skipped: dynalite has no TransactWriteItems', () => {})
  })
}
