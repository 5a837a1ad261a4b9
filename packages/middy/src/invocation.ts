import { type Binding, checkedBinding, type Invocation } from '@glassine/core'
import type { Request } from '@middy/core'
import { packageName } from './errors.ts'

/** Lambda's context, as Middy types it. */
export type Context = Request['context']

/**
 * Takes from the event what ciphertexts are bound to, for example the tenant that an authorizer has verified. Never
 * from the body: whoever sends a request writes that.
 */
export type Bind = (event: any, context: Context) => Binding | Promise<Binding>

/** Kept free of the invocation's time, in ms: to answer that keys could not be had in time. */
const margin = 250

/**
 * The binding of an invocation; an empty one where nobody declared any.
 *
 * @throws GlassineError `ERR_BINDING_INVALID`, and whatever `bind` throws
 */
export const bindingOf = async (bind: Bind | undefined, event: unknown, context: Context): Promise<Binding> =>
  checkedBinding(bind ? await bind(event, context) : {}, packageName)

/** What an envelope is told of the invocation. Read anew for each direction: time has passed in between. */
export const invocationOf = (
  binding: Binding,
  context: Context | undefined,
  caller: Pick<Invocation, 'route' | 'principal'>,
): Invocation => {
  const { tenantId, getRemainingTimeInMillis } = (context ?? {}) as Partial<Context> & { tenantId?: unknown }
  const left =
    typeof getRemainingTimeInMillis === 'function' ? getRemainingTimeInMillis.call(context) : undefined
  return {
    ...caller,
    binding,
    ...(typeof tenantId === 'string' && tenantId !== '' && { tenant: tenantId }),
    ...(Number.isFinite(left) && { deadline: Date.now() + Math.max(0, left! - margin) }),
  }
}
