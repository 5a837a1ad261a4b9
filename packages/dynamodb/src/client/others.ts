// Operations that are not done on encrypted tables, and those that have nothing to do with items.

import { type Operation, type Output, tableNamed } from './client-state.ts'
import { refused } from './refused.ts'
import type { Tables } from './table.ts'

/**
 * Operations that carry no items: they pass. What is not listed here, and what DynamoDB may have tomorrow, is refused
 * where it names an encrypted table.
 */
const administrative = new Set(
  `CancelBulkOperation CreateBackup CreateGlobalTable CreateTable DeleteBackup DeleteResourcePolicy
  DeleteTable DescribeBackup DescribeBulkOperation DescribeContinuousBackups DescribeContributorInsights
  DescribeEndpoints DescribeExport DescribeGlobalTable DescribeGlobalTableSettings DescribeImport
  DescribeKinesisStreamingDestination DescribeLimits DescribeTable DescribeTableReplicaAutoScaling
  DescribeTimeToLive DisableKinesisStreamingDestination EnableKinesisStreamingDestination
  ExportTableToPointInTime GetResourcePolicy ImportTable ListBackups ListBulkOperations
  ListContributorInsights ListExports ListGlobalTables ListImports ListTables ListTagsOfResource
  PutResourcePolicy RestoreTableFromBackup RestoreTableToPointInTime TagResource UntagResource
  UpdateContinuousBackups UpdateContributorInsights UpdateGlobalTable UpdateGlobalTableSettings
  UpdateKinesisStreamingDestination UpdateTable UpdateTableReplicaAutoScaling UpdateTimeToLive`.split(/\s+/),
)

/** An operation that nothing is done for. */
const untouched: Operation = {
  tablesOf: () => [],
  prepare: async (_, __, input) => ({
    input,
    opened: async (output) => output,
    openOld: async (item) => item,
  }),
}

const refusedOperation = (
  namesTable: (input: Output, tables: Tables) => boolean,
  reason: string,
): Operation => ({
  tablesOf: (input, tables) => (namesTable(input, tables) ? [...tables.keys()] : []),
  prepare: async (name) => {
    throw refused(name, reason)
  },
})

/**
 * PartiQL has its tables in the text of statements. The letters of a table's name have no other way to be written
 * there, so looking for them may find too much, never too little.
 */
const partiQl = refusedOperation((input, tables) => {
  const statements = [input, ...(input.Statements ?? []), ...(input.TransactStatements ?? [])]
  const text = statements.map((one) => String(one?.Statement ?? '').toLowerCase()).join('\n')
  return [...tables.keys()].some((name) => text.includes(name.toLowerCase()))
}, 'statements of PartiQL cannot be checked; use GetItem, PutItem, Query and their like')

const unknown = refusedOperation(
  (input, tables) => mentions(input, tables, 0),
  'is not known to work on encrypted items; use a client without encryption if it does',
)

/** Deeper than any request names its tables. */
const maxDepth = 32

const mentions = (value: unknown, tables: Tables, depth: number): boolean => {
  if (tableNamed(tables, value)) return true
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return false
  if (depth === maxDepth) return true
  return Object.entries(value).some(
    ([name, member]) => tableNamed(tables, name) !== undefined || mentions(member, tables, depth + 1),
  )
}

/** What is done for an operation that no other file has. */
export const otherOperation = (name: string): Operation => {
  if (administrative.has(name)) return untouched
  return /^(Batch)?Execute(Statement|Transaction)$/.test(name) ? partiQl : unknown
}
