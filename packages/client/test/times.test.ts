/** When sessions, keys and tickets end, to the millisecond: the clock stands still. */
import { standingClock } from '@glassine/test-support'
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { exportJWK, generateKeyPair } from 'jose'
import { pair, patient } from './support/patient.ts'

let clock = standingClock()
beforeAll(() => {
  jest.spyOn(Date, 'now').mockImplementation(() => clock.now())
})
beforeEach(() => {
  clock = standingClock()
})
afterAll(() => {
  jest.restoreAllMocks()
})

type Pair = Awaited<ReturnType<typeof pair>>
const post = ({ api }: Pair) => api.fetch('/patients', { method: 'PUT', body: patient() })

test('a session is used until its last millisecond', async () => {
  const both = await pair({}, { session: { maxAge: 60_000 } })
  await post(both)
  clock.advance(59_999)
  await post(both)
  expect(both.service.unwraps).toBe(2)
  const keys = () => new Set(both.service.exchanges.map(({ header }) => header.epk.x)).size
  expect(keys()).toBe(1)
  clock.advance(1)
  await post(both)
  expect(keys()).toBe(2)
})

describe('keys of the service are used until the last millisecond', () => {
  test.each([
    ['max-age=60', 60_000],
    ['public, Max-Age=60, immutable', 60_000],
    ['max-age=4000', 3_600_000],
    ['', 3_600_000],
  ])('by Cache-Control %j', async (cacheControl, life) => {
    const both = await pair({ cacheControl }, { session: { maxAge: 1_000 } })
    await post(both)
    clock.advance(life - 1)
    await post(both)
    expect(both.service.keyFetches).toHaveLength(1)
    clock.advance(1)
    await post(both)
    expect(both.service.keyFetches).toHaveLength(2)
  })

  test.each(['no-store', 'no-cache', 'No-Store, max-age=60'])(
    'and not at all by %j',
    async (cacheControl) => {
      const both = await pair({ cacheControl })
      await post(both)
      // The session goes on; the next one needs keys, in the same millisecond.
      await post(both)
      expect(both.service.keyFetches).toHaveLength(1)
      both.service.problems = ['session-expired']
      await post(both)
      expect(both.service.keyFetches).toHaveLength(2)
    },
  )

  test('by the end of a signed set', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
    const trust = (await exportJWK(publicKey)) as never
    const end = clock.now() / 1_000 + 30
    const signed = () =>
      pair(
        { signer: privateKey, signedPayload: { exp: end } },
        { serviceKeys: { trust }, session: { maxAge: 1_000 } },
      )
    const both = await signed()
    await post(both)
    clock.advance(29_999)
    await post(both)
    expect(both.service.keyFetches).toHaveLength(1)
    // At the millisecond of its end it has expired.
    clock.advance(1)
    await expect(post(both)).rejects.toMatchObject({ code: 'ERR_KEY_REFUSED' })
    expect(both.service.keyFetches).toHaveLength(2)
  })
})

test('a ticket is sent until its last millisecond', async () => {
  const both = await pair({ ticket: true, ticketLife: 10 })
  await post(both)
  clock.advance(9_999)
  await post(both)
  expect([both.service.unwraps, both.service.tickets]).toEqual([1, 1])
  // The response brought another ticket, whose life begins then.
  clock.advance(10_000)
  await post(both)
  expect([both.service.unwraps, both.service.tickets]).toEqual([2, 1])
  // The expired one was not tried first.
  expect(both.service.refusals).toBe(0)
})

test('the time that a device has learnt stays if a later refusal has none', async () => {
  const short = { session: { maxAge: 60_000 } }
  const both = await pair({}, short)
  both.service.clock = 600_000
  await post(both)
  const iat = () => both.service.exchanges.at(-1)!.header.iat * 1_000 - clock.now()
  expect(iat()).toBe(600_000)
  let refusals = 1
  const { api } = await pair(
    {},
    {
      ...short,
      fetch: (async (url: string, init: any) => {
        const response = await both.service.fetch(url, init)
        if (response.status === 400 && refusals-- === 0) response.headers.delete('date')
        return response
      }) as never,
    },
  )
  const send = () => api.fetch('/patients', { method: 'PUT', body: patient() })
  // The first refusal has the time, the second does not.
  await send()
  both.service.problems = ['session-expired']
  await send()
  expect(iat()).toBe(600_000)
})
