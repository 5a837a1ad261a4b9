import { setTimeout as sleep } from 'node:timers/promises'
import type { GlassineError } from '@glassine/core'
import { anyObject, checkedOptions, integer, type OptionSchema } from '@glassine/core/internal'
import { badOption, fault, packageName } from '../errors.ts'
import type { ItemInvocation } from '../item/invocation.ts'
import { tableNamed, type UpdateStep } from './client-state.ts'
import { invocationOf } from './options.ts'
import { commandsFor, type SdkClient } from './sdk.ts'
import { footText } from './table.ts'

import { clientStateOf, derivedClient } from './with-encryption.ts'

/** Options of {@link updateItem}. */
export interface UpdateOptions {
  /** How many times the item is read, changed and written before it is given up. Default 100. */
  readonly attempts?: number
  /** When it is given up at the latest, in ms from now. Default 10,000. */
  readonly timeout?: number
  /** The longest wait before the second attempt, in ms; it doubles with each. The wait is random. Default 10. */
  readonly baseDelay?: number
  /** What it doubles to, in ms. Default 500. */
  readonly maxDelay?: number
  /** What holds for this update; its deadline shortens `timeout`. Default: what holds for the client. */
  readonly invocation?: ItemInvocation
}

/** What `change` gets in addition to the item. */
export interface UpdateInfo {
  /** Whether the table has the item. Without one, `change` is given the key alone, and makes an item of it. */
  readonly exists: boolean
  /** 1 for the first attempt. */
  readonly attempt: number
}

/** Returns the new item, or changes the one that it is given and returns nothing. */
// biome-ignore lint/suspicious/noConfusingVoidType: a function without `return` is one of them
export type Change<T> = (item: T, info: UpdateInfo) => T | void | Promise<T | void>

const defaults = { attempts: 100, timeout: 10_000, baseDelay: 10, maxDelay: 500 } as const

/**
 * Changes a signed item without losing concurrent changes: reads it, calls `change`, and writes it on the condition
 * that it has not been written since. If it has, it starts again with the new item, after a random wait.
 *
 * `change` is given the item in the client's own form (attribute values of `DynamoDBClient`, JavaScript values of
 * `DynamoDBDocumentClient`), changes it or returns another, and may be called several times. The item as it was
 * written is returned. An error that `change` throws ends the update, and nothing is written.
 *
 * It costs a consistent read and a write. Other writers are noticed by the footer, which changes with every write,
 * and by the unsigned attributes. Two things go unseen: an attribute that starts with `unsignedPrefix` and that
 * another writer adds in between; and in a plaintext item, where the table's mode lets it pass, any attribute added
 * so, since such an item has nothing that changes with every write.
 *
 * @throws GlassineError `ERR_UPDATE_CONFLICT` (given up, or unknown whether a write was done whose response was lost),
 * `ERR_OPTION_INVALID`, `ERR_OPERATION_REFUSED` (the change touches the key), and what reading and
 * writing throw
 * @example
 * ```ts
 * import { updateItem } from '@glassine/dynamodb'
 *
 * await updateItem(documents, { TableName: 'Patients', Key: { id: 'p-1' } }, (patient) => {
 *   patient.visits = (patient.visits ?? 0) + 1
 * })
 * ```
 */
export const updateItem = async <T extends object = Record<string, any>>(
  client: SdkClient,
  { TableName, Key }: { readonly TableName: string; readonly Key: object },
  change: Change<T>,
  options: UpdateOptions = {},
): Promise<T> => {
  const state = clientStateOf(client)
  if (!tableNamed(state.tables, TableName)) throw badOption('TableName', 'must be an encrypted table')
  if (typeof change !== 'function') throw badOption('change', 'must be a function')
  const { attempts, timeout, baseDelay, maxDelay } = checked(options)
  const invocation =
    options.invocation === undefined ? state.invocation() : invocationOf(options.invocation)()
  const deadline = Math.min(Date.now() + timeout, invocation?.deadline ?? Number.POSITIVE_INFINITY)
  const { Get, Put } = await commandsFor(client)
  const update: UpdateStep = {}
  const own = derivedClient(client, { ...state, invocation: () => invocation, update })
  /** The footer of a write whose response may have been lost. */
  let unsure: string | undefined
  let last: T | undefined

  for (let attempt = 1; ; attempt++) {
    const { Item } = (await own.send(new Get({ TableName, Key, ConsistentRead: true }))) as { Item?: T }
    if (unsure !== undefined) {
      if (last !== undefined && footText(update.seen) === unsure) return last
      throw conflict('It is not known whether the change was written')
    }
    const item = Item ?? ({ ...Key } as T)
    const before = JSON.stringify(item, textOf)
    const returned = await change(item, { exists: Item !== undefined, attempt })
    // `(item) => (item.x = ...)` returns the assigned value, which is not an item.
    if (returned !== undefined && (typeof returned !== 'object' || returned === null))
      throw badOption('change', 'must return an item or nothing')
    if (returned !== undefined && returned !== item && JSON.stringify(item, textOf) !== before)
      throw badOption('change', 'must change the item or return another one, and not both')
    last = returned ?? item
    try {
      await own.send(new Put({ TableName, Item: last }))
      return last
    } catch (error) {
      if (!isConflict(error)) throw error
      // The SDK sent the write again, and then the condition failed: perhaps on our own write.
      if (error.$metadata?.attempts && error.$metadata.attempts > 1) unsure = update.sent ?? ''
    }
    const wait = Math.random() * Math.min(maxDelay, baseDelay * 2 ** (attempt - 1))
    if (attempt >= attempts || Date.now() + wait >= deadline)
      throw conflict(`Others changed the item in each of ${attempt} attempts`)
    await sleep(wait)
  }
}

/** Values of DynamoDB's clients that JSON does not have. */
const textOf = (_key: string, value: unknown): unknown =>
  typeof value === 'bigint' ? `${value}n` : value instanceof Set ? [...value] : value

const conflict = (message: string): GlassineError => fault('ERR_UPDATE_CONFLICT', { message })

interface ServiceError {
  readonly name: string
  readonly $metadata?: { readonly attempts?: number }
}

/** Another writer wrote, or has a transaction in progress. */
const isConflict = (error: unknown): error is ServiceError => {
  const { name } = (error ?? {}) as Partial<ServiceError>
  return name === 'ConditionalCheckFailedException' || name === 'TransactionConflictException'
}

const rules: OptionSchema<UpdateOptions> = {
  attempts: integer(1),
  timeout: integer(1),
  baseDelay: integer(0),
  maxDelay: integer(0),
  invocation: anyObject,
}

const checked = (options: UpdateOptions): typeof defaults =>
  ({ ...defaults, ...checkedOptions(packageName, rules, options) }) as typeof defaults
