// Which operation does what: those on items have files of their own, the others are refused or carry no items.
import { refused } from '../errors.ts'
import { batchOperations } from './batch.ts'
import {
  type ClientState,
  type Operation,
  type Output,
  type PreparedRequest,
  tableNamed,
  unlistedOf,
} from './client-state.ts'
import { tablesOfStatements } from './partiql.ts'
import { refuseOpened } from './refuse-opened.ts'
import type { HandlerContext, Middleware, MiddlewareStack } from './sdk.ts'
import { singleOperations } from './single.ts'
import type { Tables } from './table.ts'
import { transactOperations } from './transact.ts'

/**
 * Operations that carry no items: they pass. An operation that is not listed, such as one that DynamoDB gets later, is
 * refused, whatever tables it names.
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

/** An operation that passes as it is. */
const untouched: Operation = {
  tablesOf: () => [],
  prepare: async (_, __, input) => ({
    input,
    opened: async (output) => output,
    openOld: async (item) => item,
  }),
}

const refusedOperation = (tablesOf: Operation['tablesOf'], reason: string): Operation => ({
  tablesOf,
  prepare: async (name) => {
    throw refused(name, reason)
  },
})

const partiQl = refusedOperation(
  tablesOfStatements,
  'statements of PartiQL cannot be checked; use GetItem, PutItem, Query and their like',
)

/** Whatever it names: it may carry items of a table, or name tables, where nothing here looks. */
const unknown = refusedOperation(() => [], 'is not known; use a client without encryption for it')

const known: Readonly<Record<string, Operation>> = {
  ...singleOperations,
  ...batchOperations,
  ...transactOperations,
}

/** The operation of a name such as `PutItem`. */
const operationOf = (name: string): Operation => {
  if (Object.hasOwn(known, name)) return known[name]!
  if (administrative.has(name)) return untouched
  return /^(Batch)?Execute(Statement|Transaction)$/.test(name) ? partiQl : unknown
}

/** Whether an input names an encrypted table, or may do so. */
const concerns = (tables: Tables, operation: Operation, input: Output): boolean =>
  operation === unknown ||
  operation.tablesOf(input, tables).some((name) => tableNamed(tables, name) !== undefined)

/**
 * Adds our middlewares to a stack, or replaces them there.
 *
 * Items must be sealed when they are attribute values: after the document client has made them so, which its commands
 * do in a middleware `DocumentMarshall` next to the serialiser. Likewise they must be opened before
 * `DocumentUnmarshall`. The plain client has neither. So a middleware of the same name that does nothing takes their
 * place. Commands of the document client replace it with their own, and ours is next to either.
 */
export const addMiddlewares = (stack: MiddlewareStack, state: ClientState): void => {
  const inFlight = new WeakMap<object, PreparedRequest>()
  const beside = { relation: 'before', override: true } as const
  const next = { relation: 'after', override: true } as const
  stack.add(quiet(state), { name: 'glassineQuiet', step: 'initialize', override: true })
  stack.addRelativeTo(nothing, { ...beside, name: 'DocumentMarshall', toMiddleware: 'serializerMiddleware' })
  stack.addRelativeTo(seal(state, inFlight), {
    ...next,
    name: 'glassineSeal',
    toMiddleware: 'DocumentMarshall',
  })
  stack.addRelativeTo(nothing, {
    ...beside,
    name: 'DocumentUnmarshall',
    toMiddleware: 'deserializerMiddleware',
  })
  stack.addRelativeTo(open(state, inFlight), {
    ...next,
    name: 'glassineOpen',
    toMiddleware: 'DocumentUnmarshall',
  })
}

const nothing: Middleware = (next) => next

/** `PutItem`; the client's own commands and the document client's share these names. */
const operationName = ({ commandName = '' }: HandlerContext): string => commandName.replace(/Command$/, '')

/**
 * Keeps items out of the SDK's log, whose middleware is outside of ours and would see them in the clear. The SDK
 * reads the filters after the request, even after one that could not be marshalled, so they are set first.
 */
const quiet =
  (state: ClientState): Middleware =>
  (next, context) =>
  (args) => {
    const operation = operationOf(operationName(context))
    // What is refused would be logged as well: a table of no option, or decrypted values for a plain one.
    if (
      concerns(state.tables, operation, args.input) ||
      unlistedOf(state, operation, args.input) !== undefined ||
      state.invocation()?.opened !== undefined
    ) {
      const shown = withoutItems(state)
      context.inputFilterSensitiveLog = context.outputFilterSensitiveLog = shown
      context.dynamoDbDocumentClientOptions = {
        overrideInputFilterSensitiveLog: shown,
        overrideOutputFilterSensitiveLog: shown,
      }
    }
    return next(args)
  }

const logged = ['TableName', 'IndexName', 'Count', 'ScannedCount', 'ConsumedCapacity']

const withoutItems =
  (state: ClientState) =>
  (members: Readonly<Record<string, unknown>>): object =>
    Object.fromEntries(
      logged.flatMap((name) => (members[name] == null ? [] : [[name, shownName(state, members[name])]])),
    )

/** The name of a table or an index, unless it is a decrypted value. */
const shownName = (state: ClientState, name: unknown): unknown =>
  typeof name === 'string' && state.invocation()?.opened?.find(name) ? '*' : name

/** Checks and seals a request, and opens the items that an error carries. */
const seal =
  (state: ClientState, inFlight: WeakMap<object, PreparedRequest>): Middleware =>
  (next, context) =>
  async (args) => {
    const name = operationName(context)
    const operation = operationOf(name)
    const unlisted = unlistedOf(state, operation, args.input)
    if (unlisted !== undefined)
      throw refused(
        name,
        `the table ${shownName(state, unlisted)} is in no option; name it under \`tables\`, or under \`plainTables\` if it is plain on purpose`,
      )
    refuseOpened(name, state, args.input)
    if (!concerns(state.tables, operation, args.input)) return next(args)
    const prepared = await operation.prepare(name, state, args.input)
    // The input is the key of `inFlight`. It has to be our own object: a caller may send one input twice at once.
    const input = prepared.input === args.input ? { ...args.input } : prepared.input
    inFlight.set(input, prepared)
    try {
      return await next({ ...args, input })
    } catch (error) {
      await openOldItems(error, prepared)
      throw prepared.explained?.(error) ?? error
    }
  }

/** Opens the items of a response. It is inside of the SDK's retries, but our errors cause none. */
const open =
  (state: ClientState, inFlight: WeakMap<object, PreparedRequest>): Middleware =>
  (next, context) =>
  async (args) => {
    const result = await next(args)
    const prepared = inFlight.get(args.input)
    if (prepared) return { ...result, output: await prepared.opened(result.output) }
    const name = operationName(context)
    if (!concerns(state.tables, operationOf(name), args.input)) return result
    // Never hand out an item that was not verified.
    throw refused(name, 'another middleware replaced the input after it was sealed; let it stand before')
  }

/**
 * Opens the old items that failed conditions carry. They become properties that are not enumerated: Lambda logs an
 * uncaught error with all that are.
 */
const openOldItems = async (error: unknown, prepared: PreparedRequest): Promise<void> => {
  if (typeof error !== 'object' || error === null) return
  const { CancellationReasons: reasons } = error as { CancellationReasons?: unknown }
  const holders: unknown[] = Array.isArray(reasons) ? reasons : [error]
  for (const [at, holder] of holders.entries()) {
    const { Item: item } = (holder ?? {}) as Partial<PreparedRequest> & {
      Item?: Parameters<PreparedRequest['openOld']>[0]
    }
    if (item == null) continue
    const value = await prepared.openOld(item, at)
    Object.defineProperty(holder, 'Item', { value, enumerable: false, configurable: true, writable: true })
  }
}
