// The sub-path `@glassine/middy/tables`: handlers without tables do not bundle @glassine/dynamodb.
import { anything, isGlassineError, isPlainObject } from '@glassine/core/internal'
import { type EncryptionOptions, type SdkClient, withEncryption, withInvocation } from '@glassine/dynamodb'
import type { MiddlewareObj } from '@middy/core'
import { badOption } from './errors.ts'
import { eventSourceOf, isHttpSource } from './event-source.ts'
import { getOwn } from './event-value.ts'
import {
  type AnyRequest,
  type Bind,
  bindingOf,
  type Context,
  invocationOf,
  stateOf,
  tablesMark,
} from './invocation.ts'
import { exitHooks } from './last-look.ts'
import { openedForTables } from './leave-check.ts'
import { type OnRefused, tell } from './on-refused.ts'
import {
  anyFunction,
  checkOptions,
  flag,
  type OptionSchema,
  type ReservedTimeOption,
  reservedTimeSchema,
} from './options.ts'

/** Options of {@link encryptedTables}. */
export interface EncryptedTablesOptions<C extends SdkClient = SdkClient, K extends string = string>
  extends Pick<EncryptionOptions, 'tables' | 'plainTables' | 'tableArns' | 'onPlaintextRead'>,
    ReservedTimeOption {
  /**
   * A `DynamoDBClient` or `DynamoDBDocumentClient`. It stays unencrypted: create it here, so that no
   * variable of the module refers to it.
   */
  readonly client: C
  /** What the request belongs to; its `tenant` may choose the branch key. Default: the binding of the request. */
  readonly bind?: Bind
  /** The member of the handler's `context` that holds the encrypting client. Default `'tables'`. */
  readonly contextKey?: K
  /**
   * `true`: decrypted values may leave in the clear, because a trusted caller needs them. Otherwise a response that
   * contains some is refused unless `encryptResponse` has encrypted it. Default `false`.
   */
  readonly clearResponse?: boolean
  /** Called for every refused response. Default: one line of JSON on stderr. */
  readonly onRefused?: OnRefused
}

/** What the handler gets: Lambda's context, with the encrypting client in it. */
export type ContextWithTables<C, K extends string = 'tables'> = Context & { readonly [name in K]: C }

const defaults = { contextKey: 'tables' } as const

const schema: OptionSchema<EncryptedTablesOptions> = {
  // Checked by `withEncryption`.
  client: anything,
  tables: anything,
  plainTables: anything,
  tableArns: anything,
  onPlaintextRead: anything,
  bind: anyFunction,
  ...reservedTimeSchema,
  clearResponse: flag,
  onRefused: anyFunction,
  contextKey: ['must be a name', (value) => typeof value === 'string' && /^[A-Za-z_$][\w$]*$/.test(value)],
}

/**
 * Gives the handler a DynamoDB client, `context.tables`, that encrypts what it writes to the tables and verifies
 * and decrypts what it reads from them. It has the class and type of the given client, and shares its
 * connections.
 *
 * Each invocation has its own client, which knows its binding and its deadline, so concurrent invocations of two
 * tenants cannot mix. The keyring's `branchKeyId` gets the `tenant` of the binding or, without
 * one, Lambda's `context.tenantId`; `branchKeyIdOfItem` chooses by the item instead.
 *
 * A response with decrypted values is refused unless `encryptResponse` encrypts it or `clearResponse` allows it.
 *
 * Goes after `decryptRequest`, whose binding it takes. Can be used several times, under different names.
 *
 * @throws GlassineError at construction `ERR_OPTION_INVALID`, `ERR_MODEL_INVALID`; in a request, before the handler,
 * `ERR_OPTION_INVALID` (order, or a `contextKey` that is taken), `ERR_BINDING_INVALID`; after it, with status 500,
 * `ERR_FIELD_NOT_ENCRYPTED`, `ERR_RESPONSE_INVALID`
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
  const {
    client,
    tables,
    plainTables,
    tableArns,
    onPlaintextRead,
    bind,
    contextKey = defaults.contextKey,
    clearResponse,
    onRefused,
  } = options
  const encrypting = withEncryption(client, { tables, plainTables, tableArns, onPlaintextRead })

  const encryptedTablesBefore = async (request: AnyRequest): Promise<void> => {
    const state = stateOf(request)
    state.tables = true
    const { event, context } = request
    if (context && contextKey in context) throw badOption('contextKey', 'is the name of what the context has')
    const { opening } = state
    state.clearResponse ||= clearResponse === true
    state.received ??= receivedIn(event)
    const binding = bind || !opening ? await bindingOf(bind, event, context) : opening.binding
    const invocation = invocationOf(binding, context, {}, options.reservedTime ?? state.reservedTime)
    const own = withInvocation(encrypting, {
      tenant: Object.hasOwn(binding, 'tenant') ? binding.tenant : invocation.tenant,
      deadline: invocation.deadline,
      binding,
      opened: openedForTables(state),
    })
    request.context = withMember(context, contextKey, own)
  }

  const { after, onError } = exitHooks({ policies: [], onRefused })

  const encryptedTablesOnError = (request: AnyRequest): void => {
    const { error } = request
    // What the client has thrown into the handler.
    if (isGlassineError(error) && ofTables.has(error.cause?.package))
      tell(onRefused, 'table', error, undefined)
    onError(request)
  }

  const middleware = {
    before: encryptedTablesBefore,
    after,
    onError: encryptedTablesOnError,
    [tablesMark]: true,
  }
  return middleware as MiddlewareObj<unknown, any, Error, ContextWithTables<C, K>>
}

/** The packages whose errors the encrypting client throws. */
const ofTables: ReadonlySet<string> = new Set(['@glassine/dynamodb', '@glassine/keys'])

/** Without `decryptRequest`, no part of the request was sealed. */
const receivedIn = (event: unknown) => ({
  event,
  payload: isHttpSource(eventSourceOf(event)) ? getOwn(event, 'body') : event,
})

/**
 * A context with one more member, which is not enumerable, so that nothing logs the client. It is a copy, since tests
 * and warm-up tools may pass one object to concurrent invocations. An instance of a class, as in durable functions,
 * belongs to one invocation and cannot be copied.
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
