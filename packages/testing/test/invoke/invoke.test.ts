import { invoke, sampleContext, sampleEvent } from '@glassine/testing'
import { describe, expect, jest, test } from '@jest/globals'
import middy from '@middy/core'
import middy7 from 'middy7'

const event = sampleEvent('http-api', { body: { id: 'p-1' } })
const echo = (event: { body?: string }) => ({ statusCode: 200, headers: { a: 'b' }, body: event.body })

describe('invoke', () => {
  test('resolves to the result of an async handler', async () => {
    const response = await invoke(async (event) => echo(event), event)
    expect(response.statusCode).toBe(200)
    expect(response.headers).toEqual({ a: 'b' })
    expect(JSON.parse(response.body)).toEqual({ id: 'p-1' })
  })

  test.each([
    ['6', middy],
    ['7', middy7 as unknown as typeof middy],
  ])('runs a handler of Middy %s', async (_, middy) => {
    const handler = middy()
      .before((request) => void Object.assign(request.event as object, { body: 'changed' }))
      .handler(async (event) => echo(event as { body?: string }))
    expect((await invoke(handler, event)).body).toBe('changed')
  })

  test('resolves to the result of a callback', async () => {
    const handler = (event: any, _context: unknown, done: (error: null, result: unknown) => void) => {
      setImmediate(() => done(null, echo(event)))
    }
    expect((await invoke(handler, event)).statusCode).toBe(200)
  })

  test('resolves to null when the handler returns no promise, as in Lambda', async () => {
    expect(await invoke(echo, event)).toBeNull()
  })
})

describe('invoke rejects with the error of the handler, unchanged', () => {
  const fault = Object.assign(new Error('no'), { code: 'X' })
  test.each([
    ['a rejection', async () => Promise.reject(fault)],
    [
      'a throw',
      () => {
        throw fault
      },
    ],
    ['a callback', (_event: unknown, _context: unknown, done: (error: Error) => void) => done(fault)],
  ])('after %s', async (_, handler) => {
    await expect(invoke(handler, event)).rejects.toBe(fault)
  })
})

describe('event and result go through JSON', () => {
  test('the handler gets a copy of the event', async () => {
    const before = structuredClone(event)
    await invoke(async (event) => {
      event.headers = null
      event.requestContext.http.method = 'X'
    }, event)
    expect(event).toEqual(before)
  })

  test('an event that JSON cannot hold fails', async () => {
    await expect(invoke(async () => null, { big: 1n })).rejects.toThrow(TypeError)
  })

  test('the result is what a caller of the function would parse', async () => {
    const handler = async () => ({ at: new Date(0), gone: undefined, bytes: Number.NaN })
    expect(await invoke(handler, event)).toEqual({ at: '1970-01-01T00:00:00.000Z', bytes: null })
    expect(await invoke(async () => undefined, undefined)).toBeNull()
    expect(await invoke<string>(async () => 'text', event)).toBe('text')
  })

  const cycle: { self?: unknown } = {}
  cycle.self = cycle
  test.each([
    ['a BigInt', { big: 1n }],
    ['a cycle', cycle],
  ])('%s in the result fails as it does in Lambda', async (_, result) => {
    await expect(invoke(async () => result, event)).rejects.toThrow('Unable to stringify response body')
  })

  test('a result above 6 MB fails', async () => {
    await expect(invoke(async () => 'x'.repeat(6_291_556), event)).rejects.toThrow('6291556 bytes')
    expect(await invoke<string>(async () => 'x'.repeat(6_291_554), event)).toHaveLength(6_291_554)
  })

  test('json: false copies neither', async () => {
    const result = { big: 1n }
    const handler = jest.fn(async (_event: unknown) => result)
    expect(await invoke<typeof result>(handler, event, { json: false })).toBe(result)
    expect(handler.mock.calls[0]![0]).toBe(event)
  })
})

describe('the context', () => {
  const seen = async (options = {}) => {
    const handler = jest.fn(async (_event: unknown, _context: ReturnType<typeof sampleContext>) => null)
    await invoke(handler, event, options)
    return handler.mock.calls[0]![1]
  }

  test('counts down from the timeout, never below zero', async () => {
    const context = await seen()
    expect(context.getRemainingTimeInMillis()).toBeLessThanOrEqual(3_000)
    expect(context.getRemainingTimeInMillis()).toBeGreaterThan(0)
    expect(sampleContext({ timeoutMs: 0 }).getRemainingTimeInMillis()).toBe(0)
    const longer = await seen({ timeoutMs: 900_000 })
    expect(longer.getRemainingTimeInMillis()).toBeGreaterThan(3_000)
  })

  test('has a new id each time', async () => {
    const ids = [(await seen()).awsRequestId, (await seen()).awsRequestId]
    expect(ids[0]).toMatch(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/)
    expect(ids[0]).not.toBe(ids[1])
  })

  test('names the tenant only when there is one', async () => {
    expect(await seen()).not.toHaveProperty('tenantId')
    expect((await seen({ tenantId: 't-1' })).tenantId).toBe('t-1')
  })

  test('takes any member from the options', async () => {
    const context = await seen({ context: { functionName: 'intake', awsRequestId: 'r-1' } })
    expect(context).toMatchObject({ functionName: 'intake', awsRequestId: 'r-1' })
  })

  test('a timeout that is not a number is refused', () => {
    expect(() => sampleContext({ timeoutMs: Number.NaN })).toThrow(
      expect.objectContaining({
        code: 'ERR_OPTION_INVALID',
        cause: expect.objectContaining({ option: 'timeoutMs' }),
      }),
    )
  })

  test('the functions of Node 0.10 throw and name the replacement', () => {
    expect(() => sampleContext().succeed({})).toThrow('return a promise')
  })
})
