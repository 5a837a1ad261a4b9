// The sub-path `@glassine/middy/tables`: handlers that have no table do not bundle @glassine/dynamodb.
import { isPlainObject } from '@glassine/core/internal'
import { type EncryptionOptions, type SdkClient, withEncryption, withInvocation } from '@glassine/dynamodb'
import type { MiddlewareObj } from '@middy/core'
import { badOption } from './errors.ts'
import { type Bind, bindingOf, type Context, invocationOf } from './invocation.ts'
import { anyFunction, checkOptions, type OptionSchema, type Rule } from './options.ts'
import { type AnyRequest, stateOf } from './state.ts'

/** Options of {@link encryptedTables}. */
export interface EncryptedTablesOptions<C extends SdkClient = SdkClient, K extends string = string>
  extends Pick<EncryptionOptions, 'tables' | 'onPlaintextRead'> {
  /**
   * A `DynamoDBClient` or `DynamoDBDocumentClient`. It stays as it is, without encryption: make it here, so that no
   * other name in the module stands for it.
   */
  readonly client: C
  /** What the request belongs to; its `tenant` may choose the branch key. Default: the binding of the request. */
  readonly bind?: Bind
  /** The member of the handler's `context` that holds the encrypting client. Default `'tables'`. */
  readonly contextKey?: K
}

/** What the handler gets: Lambda's context, and the encrypting client in it. */
export type ContextWithTables<C, K extends string = 'tables'> = Context & { readonly [name in K]: C }

const defaults = { contextKey: 'tables' } as const

/** What `withEncryption` checks itself. */
const elsewhere: Rule = ['', () => true]

const schema: OptionSchema<EncryptedTablesOptions> = {
  client: elsewhere,
  tables: elsewhere,
  onPlaintextRead: elsewhere,
  bind: anyFunction,
  contextKey: ['must be a name', (value) => typeof value === 'string' && /^[A-Za-z_$][\w$]*$/.test(value)],
}

/**
 * Gives the handler a client of DynamoDB, `context.tables`, that encrypts what it writes to the tables and verifies
 * and decrypts what it reads from them. It has the class and type of the client that is given, and shares its
 * connections.
 *
 * Each invocation has a client of its own, which knows its binding and its deadline: what an environment serves at
 * once for two tenants cannot cross. The keyring's `branchKeyId` is told the `tenant` of the binding or, where it
 * has none, Lambda's `context.tenantId`; `branchKeyIdOfItem` chooses by the item in its place.
 *
 * Stands after `decryptRequest`, whose binding it takes. May stand several times, under different names.
 *
 * @throws GlassineError at construction `ERR_OPTION_INVALID`, `ERR_MODEL_INVALID`; in a request, before the handler,
 * `ERR_OPTION_INVALID` (order, or a `contextKey` that is taken), `ERR_BINDING_INVALID`
 * @example
 * ```ts
 * import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
 * import { DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb'
 * import { defineFields } from '@glassine/core'
 * import { localKeyring } from '@glassine/keys/raw-aes'
 * import { encryptedTables } from '@glassine/middy/tables'
 * import middy from '@middy/core'
 *
 * const fields = defineFields<{ id: string; ssn: string }>('patient', { ssn: {} })
 *
 * export const handler = middy()
 *   .use(
 *     encryptedTables({
 *       client: DynamoDBDocumentClient.from(new DynamoDBClient()),
 *       tables: { Patients: { fields, keys: localKeyring(), partitionKey: 'id' } },
 *     }),
 *   )
 *   .handler(async (_event, { tables }) => {
 *     await tables.send(new PutCommand({ TableName: 'Patients', Item: { id: 'p-1', ssn: '078-05-1120' } }))
 *   })
 * ```
 */
export const encryptedTables = <C extends SdkClient, K extends string = 'tables'>(
  options: EncryptedTablesOptions<C, K>,
): MiddlewareObj<unknown, any, Error, ContextWithTables<C, K>> => {
  checkOptions(schema, options)
  const { client, tables, onPlaintextRead, bind, contextKey = defaults.contextKey } = options
  const encrypting = withEncryption(client, { tables, onPlaintextRead })

  const encryptedTablesBefore = async (request: AnyRequest): Promise<void> => {
    const state = stateOf(request)
    state.tables = true
    const { event, context } = request
    if (context && contextKey in context) throw badOption('contextKey', 'is the name of what the context has')
    const { opening } = state
    const binding = bind || !opening ? await bindingOf(bind, event, context) : opening.binding
    const invocation = invocationOf(binding, context, {})
    const own = withInvocation(encrypting, {
      tenant: Object.hasOwn(binding, 'tenant') ? binding.tenant : invocation.tenant,
      deadline: invocation.deadline,
    })
    request.context = withMember(context, contextKey, own)
  }

  return { before: encryptedTablesBefore } as MiddlewareObj<unknown, any, Error, ContextWithTables<C, K>>
}

/**
 * A context with one more member. A copy, since tests and warm-up tools may hand one object to invocations that run
 * at once; an object of a class, as durable functions have, is one of its invocation and cannot be copied. The
 * member is not enumerated: nobody should log a client.
 */
const withMember = (context: object = {}, name: string, value: object): Context => {
  const own = isPlainObject(context)
    ? Object.create(Object.getPrototypeOf(context), Object.getOwnPropertyDescriptors(context))
    : context
  return Object.defineProperty(own, name, { value })
}

/**
 * Checks options as {@link encryptedTables} does at construction, without making the middleware.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`, `ERR_MODEL_INVALID`
 */
export const encryptedTablesValidateOptions = (options: EncryptedTablesOptions): void =>
  void encryptedTables(options)
