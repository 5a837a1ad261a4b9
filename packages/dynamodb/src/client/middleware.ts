import type { ClientState, PreparedRequest } from './client-state.ts'
import { concerns, operationOf } from './operations.ts'
import { refused } from './refused.ts'
import type { HandlerContext, Middleware, MiddlewareStack } from './sdk.ts'

/**
 * Adds our middlewares to a stack, or replaces them there.
 *
 * Items must be sealed when they are attribute values: after the document client has made them so, which its commands
 * do in a middleware `DocumentMarshall` next to the serialiser. Likewise they must be opened before
 * `DocumentUnmarshall`. The plain client has neither. A middleware of the same name that does nothing stands in their
 * places: commands of the document client replace it by their own, and ours stands next to whichever it is.
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
 * Keeps items out of the SDK's log, which stands outside of us and would see them in the clear. It reads the filters
 * after the request, also after one that failed while it was marshalled: so they are set first.
 */
const quiet =
  ({ tables }: ClientState): Middleware =>
  (next, context) =>
  (args) => {
    if (concerns(tables, operationOf(operationName(context)), args.input)) {
      context.inputFilterSensitiveLog = context.outputFilterSensitiveLog = withoutItems
      context.dynamoDbDocumentClientOptions = {
        overrideInputFilterSensitiveLog: withoutItems,
        overrideOutputFilterSensitiveLog: withoutItems,
      }
    }
    return next(args)
  }

const logged = ['TableName', 'IndexName', 'Count', 'ScannedCount', 'ConsumedCapacity']

const withoutItems = (members: Readonly<Record<string, unknown>>): object =>
  Object.fromEntries(logged.flatMap((name) => (members[name] == null ? [] : [[name, members[name]]])))

/** Checks and seals a request, and opens the items that an error carries. */
const seal =
  (state: ClientState, inFlight: WeakMap<object, PreparedRequest>): Middleware =>
  (next, context) =>
  async (args) => {
    const name = operationName(context)
    const operation = operationOf(name)
    if (!concerns(state.tables, operation, args.input)) return next(args)
    const prepared = await operation.prepare(name, state, args.input)
    // What stands by the input is found again by it. It has to be ours: a caller may send one input twice at once.
    const input = prepared.input === args.input ? { ...args.input } : prepared.input
    inFlight.set(input, prepared)
    try {
      return await next({ ...args, input })
    } catch (error) {
      await openOldItems(error, prepared)
      throw error
    }
  }

/** Opens the items of a response. Inside of the SDK's retries, none of which our own errors cause. */
const open =
  (state: ClientState, inFlight: WeakMap<object, PreparedRequest>): Middleware =>
  (next, context) =>
  async (args) => {
    const result = await next(args)
    const prepared = inFlight.get(args.input)
    if (prepared) return { ...result, output: await prepared.opened(result.output) }
    const name = operationName(context)
    if (!concerns(state.tables, operationOf(name), args.input)) return result
    // Never hand out what nobody verified.
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
