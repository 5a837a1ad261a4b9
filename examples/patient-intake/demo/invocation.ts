import { type HttpResponse, invoke, type LocalKms } from '@glassine/testing'
import type { MiddyfiedHandler } from '@middy/core'
import { captureOutput } from './capture.ts'

/** One invocation from inside: what the handler had in its hands, what KMS and the log were told. */
export interface Invocation {
  readonly response: HttpResponse
  /** Whether the handler itself was reached, behind all middlewares. */
  readonly ran: boolean
  /** The body that it was given, opened; absent where there was none. */
  readonly seen?: unknown
  /** The body that it returned, before it was sealed. */
  readonly returned?: unknown
  /** The stable code of the error, when there was one. */
  readonly code?: string
  /** The KMS operations that it caused. */
  readonly kmsCalls: readonly string[]
  readonly log: string
}

/** JSON where it is JSON. */
export const parsed = (text: unknown): unknown => {
  try {
    return typeof text === 'string' ? JSON.parse(text) : text
  } catch {
    return text
  }
}

/**
 * Invokes a handler and watches it from inside. One invocation at a time, in the whole process: what is watched is its
 * output, and all calls of the KMS.
 */
export const watched = (handler: MiddyfiedHandler<any, any, Error, any>, kms: LocalKms) => {
  let inside: { -readonly [K in keyof Invocation]?: Invocation[K] } = {}
  // Middy runs these next to the handler: after all that opens, before all that seals.
  handler.before((request) => {
    inside.ran = true
    inside.seen = structuredClone((request.event as { body?: unknown }).body)
  })
  handler.after((request) => {
    inside.returned = parsed((request.response as { body?: unknown } | undefined)?.body)
  })
  handler.onError((request) => {
    inside.code = (request.error as { code?: string }).code
  })

  return async (event: unknown): Promise<Invocation> => {
    inside = {}
    kms.resetCalls()
    const { result, output } = await captureOutput(() => invoke(handler, event))
    return {
      ran: false,
      ...inside,
      response: result,
      kmsCalls: kms.calls.map(({ operation }) => operation),
      log: output,
    }
  }
}
