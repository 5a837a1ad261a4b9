/** When a session begins and ends, how long it is kept, and for whom. Times are exact: the clock stands. */
import { codeOf, standingClock } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import { beginSession, type SessionOptions, sealFields } from './support/device.ts'
import { fields, opened, patient, scope } from './support/patient.ts'
import { envelopeWith, jwk, recipient, setUp } from './support/service.ts'

const iat = 1_700_000_000
const sent = async (options: SessionOptions = {}) =>
  (await beginSession(jwk, { now: iat, ...options })).carrier

describe('a session', () => {
  const codeAt = async (ms: number, options: object = {}, header?: string) => {
    const envelope = envelopeWith({ now: () => iat * 1_000 + ms, ...options })
    return codeOf(opened(envelope, undefined, { sessionHeader: header ?? (await sent()) }))
  }

  test('is accepted from a minute before it begins, by the clock of the service', async () => {
    expect(await codeAt(-60_000)).toBe('none')
    expect(await codeAt(-60_001)).toBe('ERR_SESSION_EXPIRED')
  })

  test('is accepted until a minute after it ends', async () => {
    expect(await codeAt(959_999)).toBe('none')
    expect(await codeAt(960_000)).toBe('ERR_SESSION_EXPIRED')
  })

  test('is accepted with the configured tolerance', async () => {
    expect(await codeAt(0, { clockTolerance: 0 })).toBe('none')
    expect(await codeAt(-1, { clockTolerance: 0 })).toBe('ERR_SESSION_EXPIRED')
    expect(await codeAt(899_999, { clockTolerance: 0 })).toBe('none')
    expect(await codeAt(900_000, { clockTolerance: 0 })).toBe('ERR_SESSION_EXPIRED')
    expect(await codeAt(-300_000, { clockTolerance: 300_000 })).toBe('none')
  })

  test('lives no longer than configured', async () => {
    const ending = (seconds: number) => sent({ header: { exp: iat + seconds } })
    expect(await codeAt(0, { maxAge: 60_000 }, await ending(60))).toBe('none')
    expect(await codeAt(0, { maxAge: 60_000 }, await ending(61))).toBe('ERR_DECRYPT_FAILED')
    expect(await codeAt(0, {}, await ending(1))).toBe('none')
  })

  test('does not outlive its end in the cache', async () => {
    const clock = standingClock(iat * 1_000)
    const { envelope } = setUp({ now: clock.now })
    const header = await sent()
    const open = () => codeOf(opened(envelope, undefined, { sessionHeader: header }))
    expect(await open()).toBe('none')
    clock.advance(959_999)
    expect(await open()).toBe('none')
    clock.advance(1)
    expect(await open()).toBe('ERR_SESSION_EXPIRED')
  })

  test('is cached for as long as configured, and costs one call in that time', async () => {
    const clock = standingClock(iat * 1_000)
    const { recipient, envelope } = setUp({ now: clock.now, cacheExpiry: 10_000 })
    const header = await sent()
    const open = () => codeOf(opened(envelope, undefined, { sessionHeader: header }))
    await open()
    clock.advance(9_999)
    await open()
    expect(recipient.calls).toBe(1)
    clock.advance(1)
    await open()
    expect(recipient.calls).toBe(2)
  })

  test('that was opened late is cached until its end, and no longer', async () => {
    const clock = standingClock(iat * 1_000 + 600_000)
    const { envelope } = setUp({ now: clock.now })
    const header = await sent()
    expect(await codeOf(opened(envelope, undefined, { sessionHeader: header }))).toBe('none')
    clock.advance(360_000)
    expect(await codeOf(opened(envelope, undefined, { sessionHeader: header }))).toBe('ERR_SESSION_EXPIRED')
  })

  test("that is cached for one of Lambda's tenants is not used for another", async () => {
    const { recipient, envelope } = setUp()
    const body = await sealFields(await beginSession(jwk), patient, fields, scope)
    for (const tenant of ['one', 'two', 'one', 'two']) await opened(envelope, body, { tenant })
    expect(recipient.calls).toBe(2)
  })

  test('is dropped by `clear`', async () => {
    const { recipient, envelope } = setUp()
    const { carrier: header } = await beginSession(jwk)
    for (let turn = 0; turn < 2; turn++) {
      await opened(envelope, undefined, { sessionHeader: header })
      envelope.clear()
    }
    expect(recipient.calls).toBe(2)
  })

  test('is cached with 999 others; then the least recently used is dropped', async () => {
    const { recipient, envelope } = setUp()
    const { carrier: header } = await beginSession(jwk)
    const open = (tenant: number) =>
      opened(envelope, undefined, { sessionHeader: header, tenant: String(tenant) })
    for (let tenant = 0; tenant < 1_000; tenant++) await open(tenant)
    await open(0)
    expect(recipient.calls).toBe(1_000)
    await open(1_000)
    await open(0)
    expect(recipient.calls).toBe(1_001)
    await open(1)
    expect(recipient.calls).toBe(1_002)
  })
})

describe('a session that was refused', () => {
  const forged = () => sent({ plaintext: () => 'no keys' })

  test('is remembered for five seconds', async () => {
    const clock = standingClock(iat * 1_000)
    const { recipient, envelope } = setUp({ now: clock.now })
    const header = await forged()
    const open = () => codeOf(opened(envelope, undefined, { sessionHeader: header }))
    expect(await open()).toBe('ERR_DECRYPT_FAILED')
    clock.advance(4_999)
    expect(await open()).toBe('ERR_DECRYPT_FAILED')
    expect(recipient.calls).toBe(1)
    clock.advance(1)
    expect(await open()).toBe('ERR_DECRYPT_FAILED')
    expect(recipient.calls).toBe(2)
  })

  test('is not remembered if so configured', async () => {
    const { recipient, envelope } = setUp({ cacheRefusals: 0, now: () => iat * 1_000 })
    const header = await forged()
    for (let turn = 0; turn < 2; turn++)
      expect(await codeOf(opened(envelope, undefined, { sessionHeader: header }))).toBe('ERR_DECRYPT_FAILED')
    expect(recipient.calls).toBe(2)
  })
})

test('a recipient gets the deadline of the request, the timeout otherwise, and the tenant', async () => {
  const told: unknown[] = []
  const now = iat * 1_000
  const watching = {
    jwks: (call: any) => {
      told.push(['jwks', call.deadline() - now, call.tenant])
      return recipient.jwks(call)
    },
    unwrap: (request: any) => {
      told.push(['unwrap', request.deadline() - now, request.tenant])
      return recipient.unwrap(request)
    },
  }
  const open = async (options: object, given: object = {}) => {
    const envelope = envelopeWith({ recipients: watching, now: () => now, ...given })
    told.length = 0
    await opened(envelope, undefined, { sessionHeader: await sent(), ...options })
    return told
  }
  expect(await open({})).toEqual([
    ['jwks', 10_000, undefined],
    ['unwrap', 10_000, undefined],
  ])
  expect(await open({ tenant: 'one' }, { timeout: 700 })).toEqual([
    ['jwks', 700, 'one'],
    ['unwrap', 700, 'one'],
  ])
  expect(await open({ deadline: now + 500 })).toEqual([
    ['jwks', 500, undefined],
    ['unwrap', 500, undefined],
  ])
})
