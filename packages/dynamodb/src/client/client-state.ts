import type { Item } from '../attributes/attribute-value.ts'
import { placed } from '../errors.ts'
import type { ItemInvocation } from '../item/invocation.ts'
import type { EncryptedTable, Tables } from './table.ts'

/** What the operations of one client work with. */
export interface ClientState {
  readonly tables: Tables
  /** Tables that are plain on purpose, by name or ARN. */
  readonly plainTables: ReadonlySet<string>
  readonly invocation: () => ItemInvocation | undefined
  /** Set in the client that `updateItem` makes for itself. */
  readonly update?: UpdateStep
}

/** One attempt of an update. */
export interface UpdateStep {
  /** The key as it was read. */
  key?: string
  /** The item as it was in the table; absent if there was none. */
  seen?: Item
  /** The footer of what was sent, as base64; absent for plaintext. */
  sent?: string
}

/** A request that is sealed and may be sent, with what is to be done with its response. */
export interface PreparedRequest {
  readonly input: object
  /** Opens the items of a response, and returns a new one. */
  readonly opened: (output: Output) => Promise<Output>
  /** Opens an item that an error carries: of the only table, or of the one at this place of a transaction. */
  readonly openOld: (item: Item, at: number) => Promise<Item>
  /** An error of ours in place of one that DynamoDB answered, where ours says more. */
  readonly explained?: (error: unknown) => unknown
}

/** What is done for one of DynamoDB's operations. */
export interface Operation {
  /** Every table that an input names, by name or ARN. */
  readonly tablesOf: (input: Output, tables: Tables) => readonly unknown[]
  /**
   * Checks an input that names an encrypted table, and seals its items.
   *
   * @throws GlassineError `ERR_OPERATION_REFUSED`, and what encrypting an item throws
   */
  readonly prepare: (name: string, state: ClientState, input: Output) => Promise<PreparedRequest>
}

/** An input or output whose members are looked at one by one. */
export type Output = Readonly<Record<string, any>>

/** The members of requests, and of parts of transactions, that decide what happens to an item. */
export interface Part {
  readonly TableName?: string
  readonly Key?: Item
  readonly Item?: Item
  readonly ConditionExpression?: string
  readonly UpdateExpression?: string
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>
  readonly ExpressionAttributeValues?: Item
  readonly [member: string]: unknown
}

/** The configured table for a name, or for an ARN that the options name. */
export const tableNamed = (tables: Tables, name: unknown): EncryptedTable | undefined =>
  typeof name === 'string' ? tables.get(name) : undefined

/**
 * The first table of an input that no option names: a typo must not store plaintext. A name that is not a text counts
 * too, since the SDK would turn it into one.
 */
export const unlistedOf = (
  { tables, plainTables }: ClientState,
  operation: Operation,
  input: Output,
): string | undefined => {
  for (const name of operation.tablesOf(input, tables)) {
    if (name == null) continue
    if (typeof name !== 'string' || !(tables.has(name) || plainTables.has(name))) return String(name)
  }
  return undefined
}

/** Items that are processed at once: with a KMS keyring each may cost a call, and a page may hold a thousand. */
const atOnce = 32

/** Maps a list asynchronously, a bounded number of elements at a time. The first failure starts no further one. */
export const mapLimited = async <T, R>(
  list: readonly T[],
  work: (element: T, at: number) => Promise<R>,
): Promise<R[]> => {
  const results: R[] = new Array(list.length)
  let next = 0
  const worker = async (): Promise<void> => {
    try {
      while (next < list.length) {
        const at = next++
        results[at] = await work(list[at]!, at)
      }
    } catch (error) {
      next = list.length
      throw error
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, list.length) }, worker))
  return results
}

/** Opens what a response lists; the error for an item that does not open says its place, for example `Items[3]`. */
export const openEach = <T, R>(
  list: readonly T[],
  where: string,
  open: (element: T, at: number) => Promise<R>,
): Promise<R[]> =>
  mapLimited(list, async (element, at) => {
    try {
      return await open(element, at)
    } catch (thrown) {
      throw placed(thrown, `${where}[${at}]`)
    }
  })
