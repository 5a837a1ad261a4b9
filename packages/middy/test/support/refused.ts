import { decryptRequest, type Refusal } from '@glassine/middy'
import { sampleContext } from '@glassine/testing'
import { expect } from '@jest/globals'
import middy from '@middy/core'
import httpErrorHandler from '@middy/http-error-handler'

/** What the caller of a refused request reads. */
export interface Caller {
  readonly statusCode: number
  readonly response: string
}

/**
 * Sends an event through `decryptRequest`, which must refuse it: what the caller and the operator read. Neither reads a
 * value: all of them begin with `MARK-`.
 */
export const refusedBy = async (
  event: unknown,
  options: object,
): Promise<{ readonly caller: Caller; readonly operator: Refusal }> => {
  const told: Refusal[] = []
  const handler = middy()
    .use(httpErrorHandler({ logger: false } as never))
    .use(
      decryptRequest({
        bind: () => ({ tenant: 't-1' }),
        ...options,
        onRefused: (refusal: Refusal) => void told.push(refusal),
      } as never) as any,
    )
    .handler(async () => ({ statusCode: 204 }) as never)
  const { statusCode, body } = (await handler(event as never, sampleContext())) as any
  expect(told).toHaveLength(1)
  expect(JSON.stringify([told, body])).not.toContain('MARK-')
  return { caller: { statusCode, response: body }, operator: told[0]! }
}
