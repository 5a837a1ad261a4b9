import type { Item } from '../attributes/attribute-value.ts'
import type { ItemInvocation } from '../item/invocation.ts'
import type { EncryptedTable, Tables } from './table.ts'

/** What the operations of one client work with. */
export interface ClientState {
  readonly tables: Tables
  readonly invocation: () => ItemInvocation | undefined
  /** Set in the client that `updateItem` makes for itself. */
  readonly update?: UpdateStep
}

/** One attempt of an update. */
export interface UpdateStep {
  /** The key as it was read. */
  key?: string
  /** The item as it stood in the table; absent when there was none. */
  seen?: Item
  /** The footer of what was sent, as base64; absent for plaintext. */
  sent?: string
}

/** A request that is sealed and may be sent, with what is to be done with its answer. */
export interface PreparedRequest {
  readonly input: object
  /** Opens the items of a response, and returns a new one. */
  readonly opened: (output: Output) => Promise<Output>
  /** Opens an item that an error carries: of the only table, or of the one at this place of a transaction. */
  readonly openOld: (item: Item, at: number) => Promise<Item>
}

/** What is done for one of DynamoDB's operations. */
export interface Operation {
  /** Every table that an input names, by name or ARN. */
  readonly tablesOf: (input: Output, tables: Tables) => readonly unknown[]
  /**
   * Checks an input that names an encrypted table, and seals its items.
   *
   * @throws GlassineError `ERR_OPERATION_REFUSED`, and whatever encrypting an item throws
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

/** The configured table that a name or ARN stands for; DynamoDB takes both. */
export const tableNamed = (tables: Tables, name: unknown): EncryptedTable | undefined =>
  typeof name === 'string' ? tables.get(plainName(name)) : undefined

const plainName = (name: string): string =>
  name.startsWith('arn:') ? (/:table\/([^/]+)/.exec(name)?.[1] ?? name) : name
