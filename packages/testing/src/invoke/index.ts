import { type ContextOptions, sampleContext } from './context.ts'

/** Any Lambda handler: async, Middy's, or one with a callback. */
export type LambdaHandler = (event: any, context: any, callback: any) => unknown

/** What a handler behind an HTTP source returns, after it went through JSON. */
export interface HttpResponse {
  statusCode: number
  headers: Record<string, string>
  multiValueHeaders?: Record<string, string[]>
  cookies?: string[]
  body: string
  isBase64Encoded?: boolean
}

/** How {@link invoke} goes about it. */
export interface InvokeOptions extends ContextOptions {
  /**
   * `false`: the handler gets the event itself and the test the very result, neither copied nor checked.
   * Default `true`.
   */
  readonly json?: boolean
}

/** Lambda's limit for a response that is not streamed, in bytes. */
const maxResponseBytes = 6_291_556

/** As Lambda's Node runtime writes a result, and as it fails to. */
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

const run = (handler: LambdaHandler, event: unknown, options: InvokeOptions): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const callback = (error: unknown, result: unknown) =>
      error === undefined || error === null ? resolve(result) : reject(error)
    const returned = handler(event, sampleContext(options), callback)
    // Whoever takes a callback answers through it or through a promise; of anyone else, Lambda ignores a result
    // that is no promise.
    if (typeof (returned as PromiseLike<unknown> | undefined)?.then === 'function') resolve(returned)
    else if (handler.length < 3) resolve(null)
  })

/**
 * Runs a handler as Lambda does and resolves to what it returned.
 *
 * The event is copied through JSON, so that nothing is shared with the handler that Lambda would not share, and
 * the result goes through JSON too: a `BigInt` or a cycle in it fails here as it fails there. Response streaming
 * is not covered.
 *
 * @typeParam R the shape of the result; default: an HTTP response
 * @throws what the handler throws, unchanged; `Error` when Lambda could not send the result
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
  const { json = true } = options
  const result = await run(handler, json ? JSON.parse(JSON.stringify(event ?? {})) : event, options)
  return (json ? JSON.parse(serialised(result)) : result) as R
}
