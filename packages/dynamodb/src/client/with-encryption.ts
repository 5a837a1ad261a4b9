import { badOption } from '../errors.ts'
import type { ItemInvocation } from '../item/invocation.ts'
import type { ClientState } from './client-state.ts'
import { addMiddlewares } from './middleware.ts'
import { type EncryptionOptions, invocationOf, plainTablesOf, tablesOf } from './options.ts'
import type { MiddlewareStack, SdkClient } from './sdk.ts'
import type { TableStats } from './table.ts'

/**
 * The state of each encrypting client, by its middleware stack: a document client that is made from an encrypting
 * client shares the stack.
 */
const states = new WeakMap<object, ClientState>()

/**
 * Returns a client of the same class whose commands encrypt what they write to the configured tables, and verify and
 * decrypt what they read from there: `Put`, `Get`, `Delete`, `Query`, `Scan`, the batches and the transactions, of
 * `DynamoDBClient` and of `DynamoDBDocumentClient`. The client that is given stays as it is; both share its
 * connections.
 *
 * What cannot be done on encrypted items is refused before anything is sent: updates of signed attributes (see
 * {@link updateItem}), PartiQL, projections, conditions on encrypted attributes, the parameters that expressions have
 * replaced, and every table that no option names.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`, `ERR_MODEL_INVALID`. Later, from commands: `ERR_OPERATION_REFUSED`, what
 * {@link ItemEncryptor.encryptItem} throws, and `ERR_DECRYPT_FAILED` for a response with any item that does not
 * verify
 * @example
 * ```ts
 * import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
 * import { DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb'
 * import { withEncryption } from '@glassine/dynamodb'
 *
 * const documents = withEncryption(DynamoDBDocumentClient.from(new DynamoDBClient()), {
 *   tables: { Patients: { fields: Patient, keys, partitionKey: 'id' } },
 * })
 * await documents.send(new PutCommand({ TableName: 'Patients', Item: { id: 'p-1', ssn: '123-45-6789' } }))
 * ```
 */
export const withEncryption = <C extends SdkClient>(client: C, options: EncryptionOptions): C => {
  if (typeof client?.middlewareStack?.clone !== 'function' || typeof client.send !== 'function')
    throw badOption('client', 'must be a client of the AWS SDK for JavaScript v3')
  if (states.has(client.middlewareStack))
    throw badOption('client', 'encrypts already; name all tables in one call')
  const tables = tablesOf(options)
  return derivedClient(client, {
    tables,
    plainTables: plainTablesOf(options),
    invocation: invocationOf(options.invocation),
  })
}

/**
 * Returns an encrypting client for one invocation: with its binding, tenant and deadline. It is cheap, and shares
 * everything else with the client that it is made from.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`
 * @example
 * ```ts
 * import { withInvocation } from '@glassine/dynamodb'
 *
 * const own = withInvocation(documents, { deadline: Date.now() + context.getRemainingTimeInMillis() })
 * ```
 */
export const withInvocation = <C extends SdkClient>(client: C, invocation: ItemInvocation): C =>
  derivedClient(client, { ...clientStateOf(client), invocation: invocationOf(invocation) })

/**
 * Returns what an encrypting client has done so far, by table. Clients that are made from one another count together.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`
 * @example
 * ```ts
 * import { encryptionStats } from '@glassine/dynamodb'
 *
 * encryptionStats(documents).Patients?.plaintextReads // how many items are still to be migrated
 * ```
 */
export const encryptionStats = (client: SdkClient): Readonly<Record<string, TableStats>> =>
  Object.fromEntries(
    [...clientStateOf(client).tables.values()].map(({ name, stats }) => [name, { ...stats }]),
  )

/** @internal What an encrypting client works with. */
export const clientStateOf = (client: SdkClient): ClientState => {
  const state = client?.middlewareStack && states.get(client.middlewareStack)
  if (!state) throw badOption('client', 'must be a client that `withEncryption` returned')
  return state
}

/** @internal A copy of a client, with a stack of its own. */
export const derivedClient = <C extends SdkClient>(client: C, state: ClientState): C => {
  const middlewareStack = client.middlewareStack.clone() as MiddlewareStack
  addMiddlewares(middlewareStack, state)
  states.set(middlewareStack, state)
  // Of the same class, since paginators and waiters check it. With `cacheMiddleware` the SDK remembers handlers:
  // those belong to the other stack.
  const { handlers: _, ...members } = Object.getOwnPropertyDescriptors(client) as PropertyDescriptorMap
  return Object.create(Object.getPrototypeOf(client), {
    ...members,
    middlewareStack: { value: middlewareStack, writable: true, enumerable: true, configurable: true },
  })
}
