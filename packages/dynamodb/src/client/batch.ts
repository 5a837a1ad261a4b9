// Operations on many items of many tables, without a transaction.
import type { Item } from '../attributes/attribute-value.ts'
import { decryptFailed } from '../errors.ts'
import { mapLimited, type Operation, type Output, openEach, type Part, tableNamed } from './client-state.ts'
import { checkKey } from './key-checks.ts'
import { checkedRead, type OpenItem } from './parts.ts'
import { type EncryptedTable, footText, keyText, otherKey } from './table.ts'

const tablesOf = ({ RequestItems }: Output): readonly string[] => Object.keys(RequestItems ?? {})

/** No error of a batch carries an item. */
const openOld = (): Promise<Item> => Promise.reject(decryptFailed('the error of a batch carries an item'))

const get: Operation = {
  tablesOf,
  async prepare(name, state, input) {
    const requests = input.RequestItems as Readonly<Record<string, Part>>
    const openers = new Map<EncryptedTable, OpenItem>()
    for (const [tableName, request] of Object.entries(requests)) {
      const table = tableNamed(state.tables, tableName)
      if (!table) continue
      openers.set(table, checkedRead(name, table, request))
      for (const key of (request.Keys ?? []) as readonly Item[])
        checkKey(name, table, key, state.invocation())
    }
    return {
      input,
      openOld,
      async opened(output) {
        const invocation = state.invocation()
        const entries = Object.entries<Item[]>(output.Responses ?? {}).map(async ([tableName, items]) => {
          const table = tableNamed(state.tables, tableName)
          if (!table && Object.hasOwn(requests, tableName)) return [tableName, items] as const
          const open = table && openers.get(table)
          if (!table || !open) throw decryptFailed('the response has items of a table that was not asked')
          const asked = askedFor(table, requests, state.tables)
          const openOne = (item: Item) => {
            if (!asked.has(keyText(table.config, item))) throw decryptFailed(otherKey)
            return open(item, invocation)
          }
          return [
            tableName,
            await openEach(items, `Responses.${table.name}`, async (item) => openOne(item)),
          ] as const
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
  readonly DeleteRequest?: { readonly Key?: Item }
}

const write: Operation = {
  tablesOf,
  async prepare(name, state, input) {
    const invocation = state.invocation()
    /** The items that were given, by the footers of their sealed forms. */
    const originals = new Map<string, Item>()
    const sealedRequest = async (table: EncryptedTable, request: WriteRequest): Promise<WriteRequest> => {
      const item = request.PutRequest?.Item
      checkKey(name, table, request.DeleteRequest?.Key, invocation)
      if (item == null) return request
      const sealed = await table.seal(item, invocation)
      const foot = footText(sealed)
      if (foot !== undefined) originals.set(foot, item)
      return { PutRequest: { ...request.PutRequest, Item: sealed } }
    }
    /** Unprocessed items come back in the clear, so that they can be sent again: sealed ones would be refused. */
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
