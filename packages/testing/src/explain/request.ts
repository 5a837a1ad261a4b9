import type { Envelope, FieldPolicy, OpenOptions } from '@glassine/core'
import { isGlassineError } from '@glassine/core/internal'
import { type DecryptRequestOptions, decryptRequest } from '@glassine/middy'
import { sampleContext } from '../invoke/context.ts'
import { type Comparison, compare } from './comparison.ts'

/** What `decryptRequest` would hand to the envelope of a request. */
export interface Captured {
  readonly envelope: Envelope
  readonly payload: unknown
  readonly policy: FieldPolicy
  readonly options: OpenOptions
}

/**
 * Runs `decryptRequest` on an event as far as its envelope, so that what is explained is what it sees.
 *
 * @returns what the envelope got; or why it got nothing; or nothing, where the request passes without it
 */
export const captured = async (
  options: DecryptRequestOptions,
  event: object,
  context: object | undefined,
): Promise<Captured | Comparison | undefined> => {
  let found: Captured | undefined
  const watched = (envelope: Envelope): Envelope => ({
    ...envelope,
    prepareOpen: async (payload, policy, options) => {
      found = { envelope, payload, policy, options }
      throw new Error('captured')
    },
  })
  const { envelope } = options
  const middleware = decryptRequest({
    ...options,
    envelope: Array.isArray(envelope)
      ? envelope.map((entry) => ({ ...entry, envelope: watched(entry.envelope) }))
      : watched(envelope as Envelope),
    onRefused: () => {},
  })
  const request = {
    event,
    context: context ?? sampleContext(),
    internal: {},
    response: undefined,
    error: null,
  }
  try {
    await middleware.before?.(request as never)
  } catch (error) {
    if (found !== undefined) return found
    if (!isGlassineError(error)) throw error
    const { code, message, cause } = error as { code: string; message: string; cause: { reason?: string } }
    // The message is what the caller may read.
    return compare('request', `${code}: ${cause.reason ?? message}`, 'a request that reaches its envelope')
  }
  return found
}
