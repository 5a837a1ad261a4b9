import { badOption } from '../errors.ts'
import { describeTable, type SdkClient } from './sdk.ts'
import type { EncryptedTable } from './table.ts'
import { clientStateOf } from './with-encryption.ts'

/** What `DescribeTable` says of a table's key. */
interface KeyElement {
  readonly AttributeName?: string
  readonly KeyType?: string
}

/**
 * Compares the configured keys of a client's encrypted tables with the real ones: asks `DescribeTable` once for each.
 * Items are bound to the configured key, so an error in it is best found before anything is written. For tests and
 * deployment checks; it needs `dynamodb:DescribeTable`.
 *
 * @throws GlassineError `ERR_OPTION_INVALID` for `partitionKey` or `sortKey`, with the table's name and its real key;
 * and what DynamoDB throws, such as `ResourceNotFoundException`
 * @example
 * ```ts
 * import { checkTables } from '@glassine/dynamodb'
 *
 * await checkTables(documents)
 * ```
 */
export const checkTables = async (client: SdkClient): Promise<void> => {
  for (const table of new Set(clientStateOf(client).tables.values()))
    checkSchema(table, await describeTable(client, table.name))
}

const checkSchema = (
  { name, config }: EncryptedTable,
  { Table }: { Table?: { KeySchema?: KeyElement[] } },
): void => {
  const keyOf = (type: string): string | undefined =>
    Table?.KeySchema?.find(({ KeyType }) => KeyType === type)?.AttributeName
  const partitionKey = keyOf('HASH')
  const sortKey = keyOf('RANGE')
  if (config.partitionKey !== partitionKey)
    throw badOption('partitionKey', `must be \`${partitionKey}\`, the key of the table ${name}`)
  if (config.sortKey === sortKey) return
  throw badOption(
    'sortKey',
    sortKey === undefined
      ? `must be left out: the table ${name} has none`
      : `must be \`${sortKey}\`, the sort key of the table ${name}`,
  )
}
