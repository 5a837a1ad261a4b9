// Operations on many items of many tables, without a transaction.
import type { Item } from '../attributes/attribute-value.ts'
import { decryptFailed } from '../errors.ts'
import { checkPart } from './checks.ts'
import { type Operation, type Output, type Part, tableNamed } from './client-state.ts'
import { keyText } from './key-text.ts'
import { mapLimited } from './limited.ts'
import { type EncryptedTable, footText } from './table.ts'

const tablesOf = ({ RequestItems }: Output): readonly string[] => Object.keys(RequestItems ?? {})

/** No error of a batch carries an item. */
const openOld = (): Promise<Item> => Promise.reject(decryptFailed())

const get: Operation = {
  tablesOf,
  async prepare(name, state, input) {
    const requests = input.RequestItems as Readonly<Record<string, Part>>
    for (const [tableName, request] of Object.entries(requests)) {
      const table = tableNamed(state.tables, tableName)
      if (table) checkPart(name, table, request)
    }
    return {
      input,
      openOld,
      async opened(output) {
        const invocation = state.invocation()
        const entries = Object.entries<Item[]>(output.Responses ?? {}).map(async ([tableName, items]) => {
          const table = tableNamed(state.tables, tableName)
          if (!table) return [tableName, items] as const
          const asked = askedFor(table, requests, state.tables)
          const openOne = (item: Item) => {
            if (!asked.has(keyText(table.config, item))) throw decryptFailed()
            return table.open(item, invocation)
          }
          return [tableName, await mapLimited(items, async (item) => openOne(item))] as const
        })
        return { ...output, Responses: Object.fromEntries(await Promise.all(entries)) }
      },
    }
  },
}

/** The keys of a table that were asked for, whether by its name or its ARN. */
const askedFor = (
  table: EncryptedTable,
  requests: Readonly<Record<string, Part>>,
  tables: Parameters<typeof tableNamed>[0],
): ReadonlySet<string | undefined> =>
  new Set(
    Object.entries(requests).flatMap(([name, { Keys }]) =>
      tableNamed(tables, name) === table
        ? (Keys as readonly Item[]).map((key) => keyText(table.config, key))
        : [],
    ),
  )

interface WriteRequest {
  readonly PutRequest?: { readonly Item?: Item }
  readonly DeleteRequest?: unknown
}

const write: Operation = {
  tablesOf,
  async prepare(_, state, input) {
    const invocation = state.invocation()
    /** What was written, by what it was sealed to. */
    const originals = new Map<string, Item>()
    const sealedRequest = async (table: EncryptedTable, request: WriteRequest): Promise<WriteRequest> => {
      const item = request.PutRequest?.Item
      if (item == null) return request
      const sealed = await table.seal(item, invocation)
      const foot = footText(sealed)
      if (foot !== undefined) originals.set(foot, item)
      return { PutRequest: { ...request.PutRequest, Item: sealed } }
    }
    /** What was not written comes back so that it can be sent again: sealed a second time it would be refused. */
    const givenRequest = async (table: EncryptedTable, request: WriteRequest): Promise<WriteRequest> => {
      const item = request.PutRequest?.Item
      const foot = footText(item)
      if (item == null || foot === undefined) return request
      return {
        PutRequest: {
          ...request.PutRequest,
          Item: originals.get(foot) ?? (await table.open(item, invocation)),
        },
      }
    }
    const forTables = async (
      requests: Readonly<Record<string, readonly WriteRequest[]>>,
      work: typeof sealedRequest,
    ) => {
      const entries = Object.entries(requests).map(async ([tableName, list]) => {
        const table = tableNamed(state.tables, tableName)
        return [tableName, table ? await mapLimited(list, (one) => work(table, one)) : list] as const
      })
      return Object.fromEntries(await Promise.all(entries))
    }
    return {
      input: { ...input, RequestItems: await forTables(input.RequestItems, sealedRequest) },
      openOld,
      opened: async (output) =>
        output.UnprocessedItems == null
          ? output
          : { ...output, UnprocessedItems: await forTables(output.UnprocessedItems, givenRequest) },
    }
  },
}

export const batchOperations: Readonly<Record<string, Operation>> = {
  BatchGetItem: get,
  BatchWriteItem: write,
}
