import { checkedOptions, flag, type OptionSchema } from '@glassine/core/internal'
import { badOption, packageName } from '../options.ts'
import { type ContextOptions, contextOptions, sampleContext } from './context.ts'

/** Any Lambda handler: async, Middy's, or one with a callback. */
export type LambdaHandler = (event: any, context: any, callback: any) => unknown

/** What a handler behind an HTTP source returns, after JSON. */
export interface HttpResponse {
  statusCode: number
  headers: Record<string, string>
  multiValueHeaders?: Record<string, string[]>
  cookies?: string[]
  body: string
  isBase64Encoded?: boolean
}

/** Options of {@link invoke}. */
export interface InvokeOptions extends ContextOptions {
  /**
   * `false`: the handler gets the event itself, and the test gets the result itself, neither copied nor checked.
   * Default `true`.
   */
  readonly json?: boolean
}

const invokeOptions: OptionSchema<InvokeOptions> = { ...contextOptions, json: flag }

/** Lambda's limit for a response that is not streamed, in bytes. */
const maxResponseBytes = 6_291_556

/** Writes a result as Lambda's Node runtime does, with its errors. */
const serialised = (result: unknown): string => {
  let text: string | undefined
  try {
    text = JSON.stringify(result === undefined ? null : result)
  } catch (cause) {
    throw new Error('Unable to stringify response body', { cause })
  }
  text ??= 'null'
  if (Buffer.byteLength(text) > maxResponseBytes)
    throw new Error(
      `Response payload size exceeded maximum allowed payload size (${maxResponseBytes} bytes).`,
    )
  return text
}

const run = (handler: LambdaHandler, event: unknown, options: ContextOptions): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const callback = (error: unknown, result: unknown) =>
      error === undefined || error === null ? resolve(result) : reject(error)
    const returned = handler(event, sampleContext(options), callback)
    // A handler with a callback answers through it or by a promise. From any other, Lambda ignores a result that
    // is not a promise.
    if (typeof (returned as PromiseLike<unknown> | undefined)?.then === 'function') resolve(returned)
    else if (handler.length < 3) resolve(null)
  })

/**
 * Runs a handler as Lambda does and resolves to what it returned.
 *
 * Event and result are copied through JSON, as in Lambda: they share nothing with the handler, and a `BigInt` or
 * a cycle in the result fails. Response streaming is not supported.
 *
 * @typeParam R the shape of the result; default: an HTTP response
 * @throws what the handler throws, unchanged; `Error` when Lambda could not send the result; GlassineError
 *   `ERR_OPTION_INVALID`
 * @example
 * ```ts
 * import { invoke, sampleEvent } from '@glassine/testing'
 *
 * const handler = async (event: { body?: string }) => ({ statusCode: 200, body: event.body ?? '' })
 *
 * const response = await invoke(handler, sampleEvent('http-api', { body: { id: 'p-1' } }), { timeoutMs: 10_000 })
 * JSON.parse(response.body) // { id: 'p-1' }
 * ```
 */
export const invoke = async <R = HttpResponse>(
  handler: LambdaHandler,
  event: unknown,
  options: InvokeOptions = {},
): Promise<R> => {
  if (typeof handler !== 'function') throw badOption('handler', 'must be a function')
  const { json = true, ...context } = checkedOptions(packageName, invokeOptions, options)
  const result = await run(handler, json ? JSON.parse(JSON.stringify(event ?? {})) : event, context)
  return (json ? JSON.parse(serialised(result)) : result) as R
}
