/** Budgets: how many sessions that cost a call one sender may begin. */
import { codeOf, standingClock } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import { beginSession, sealFields } from './support/device.ts'
import { fields, opened, patient, scope } from './support/patient.ts'
import { envelopeWith, jwk, recipient, setUp } from './support/service.ts'

describe('a budget', () => {
  const begin = async () => sealFields(await beginSession(jwk), patient, fields, scope)

  test('that one sender has exhausted refuses this sender and no other', async () => {
    let time = Date.now()
    const { recipient, envelope } = setUp({ budget: { sessions: 3, window: 10_000 }, now: () => time })
    const codes: string[] = []
    for (let turn = 0; turn < 5; turn++)
      codes.push(await codeOf(opened(envelope, await begin(), { principal: 'a' })))
    expect(codes).toEqual(['none', 'none', 'none', 'ERR_BUDGET_EXCEEDED', 'ERR_BUDGET_EXCEEDED'])
    expect(recipient.calls).toBe(3)
    expect(await codeOf(opened(envelope, await begin(), { principal: 'b' }))).toBe('none')
    // Without a principal the binding is the sender.
    for (let turn = 0; turn < 3; turn++) await opened(envelope, await begin())
    expect(await codeOf(opened(envelope, await begin()))).toBe('ERR_BUDGET_EXCEEDED')
    time += 10_000
    expect(await codeOf(opened(envelope, await begin(), { principal: 'a' }))).toBe('none')
  })

  test('is not spent by sessions that are cached, already being opened or refused early', async () => {
    const { recipient, envelope } = setUp({ budget: { sessions: 2 } })
    const body = await begin()
    await Promise.all(Array.from({ length: 50 }, () => opened(envelope, body)))
    for (let turn = 0; turn < 5; turn++) {
      const bad = await sealFields(await beginSession(jwk, { header: { aud: 'x' } }), patient, fields, scope)
      expect(await codeOf(opened(envelope, bad))).toBe('ERR_DECRYPT_FAILED')
    }
    expect(await codeOf(opened(envelope, await begin()))).toBe('none')
    expect(recipient.calls).toBe(2)
    const third = await begin()
    expect(await codeOf(opened(envelope, third))).toBe('ERR_BUDGET_EXCEEDED')
    // That one sender was refused is not remembered of the session.
    expect(await codeOf(opened(envelope, third, { principal: 'another' }))).toBe('none')
  })

  test("that one sender has exhausted does not refuse another's session that left the cache", async () => {
    let time = Date.now()
    const { envelope } = setUp({ budget: { sessions: 1 }, cacheExpiry: 1_000, now: () => time })
    const victim = await begin()
    expect(await codeOf(opened(envelope, victim, { principal: 'a' }))).toBe('none')
    expect(await codeOf(opened(envelope, await begin(), { principal: 'thief' }))).toBe('none')
    time += 1_000
    expect(await codeOf(opened(envelope, victim, { principal: 'thief' }))).toBe('ERR_BUDGET_EXCEEDED')
    expect(await codeOf(opened(envelope, victim, { principal: 'b' }))).toBe('none')
  })

  test('is separate for each tenant of Lambda', async () => {
    const { envelope } = setUp({ budget: { sessions: 1 } })
    for (const tenant of ['one', 'two'])
      for (const code of ['none', 'ERR_BUDGET_EXCEEDED'])
        expect(await codeOf(opened(envelope, await begin(), { tenant, principal: 'a' }))).toBe(code)
  })

  test('is spent by forged sessions', async () => {
    const { recipient, envelope } = setUp({ budget: { sessions: 2 } })
    const codes: string[] = []
    for (let turn = 0; turn < 4; turn++) {
      const forged = await sealFields(
        await beginSession(jwk, { plaintext: () => turn }),
        patient,
        fields,
        scope,
      )
      codes.push(await codeOf(opened(envelope, forged)))
    }
    expect(codes).toEqual([
      'ERR_DECRYPT_FAILED',
      'ERR_DECRYPT_FAILED',
      'ERR_BUDGET_EXCEEDED',
      'ERR_BUDGET_EXCEEDED',
    ])
    expect(recipient.calls).toBe(2)
  })

  test('is renewed when its window ends, and not a millisecond earlier', async () => {
    const clock = standingClock()
    const { envelope } = setUp({ budget: { sessions: 1 }, now: clock.now })
    const now = clock.now() / 1_000
    const sent = async () => (await beginSession(jwk, { now })).carrier
    const open = async () => codeOf(opened(envelope, undefined, { sessionHeader: await sent() }))
    expect(await open()).toBe('none')
    clock.advance(59_999)
    expect(await open()).toBe('ERR_BUDGET_EXCEEDED')
    clock.advance(1)
    expect(await open()).toBe('none')
    expect(await open()).toBe('ERR_BUDGET_EXCEEDED')
    // A clock that was set back opens a new window, and does not make this one longer.
    clock.advance(-1)
    expect(await open()).toBe('none')
    expect(await open()).toBe('ERR_BUDGET_EXCEEDED')
  })

  test('is the same for equal bindings in any order of members', async () => {
    const { envelope } = setUp({ budget: { sessions: 1 } })
    const open = async (binding: Record<string, string>) =>
      codeOf(opened(envelope, undefined, { sessionHeader: (await beginSession(jwk)).carrier, binding }))
    expect(await open({ tenant: 'a', user: 'b' })).toBe('none')
    expect(await open({ user: 'b', tenant: 'a' })).toBe('ERR_BUDGET_EXCEEDED')
    expect(await open({ user: 'a', tenant: 'b' })).toBe('none')
  })

  test('that is spent is not renewed by what others spend', async () => {
    // One session, which costs a call for each tenant. How many senders are remembered is tested in keys.
    const { envelope } = setUp({ budget: { sessions: 1 }, cacheMaxEntries: 1 })
    const { carrier: header } = await beginSession(jwk)
    const open = (tenant: number) =>
      codeOf(opened(envelope, undefined, { sessionHeader: header, tenant: String(tenant) }))
    for (let tenant = 0; tenant < 100; tenant++) expect(await open(tenant)).toBe('none')
    for (const tenant of [0, 50, 98]) expect(await open(tenant)).toBe('ERR_BUDGET_EXCEEDED')
  })

  test('allows ten refusals a minute by default', async () => {
    const { recipient, envelope } = setUp({ budget: { sessions: 100 } })
    const forge = async () =>
      sealFields(await beginSession(jwk, { plaintext: () => 0 }), patient, fields, scope)
    for (let turn = 0; turn < 10; turn++)
      expect(await codeOf(opened(envelope, await forge()))).toBe('ERR_DECRYPT_FAILED')
    expect(await codeOf(opened(envelope, await begin()))).toBe('ERR_BUDGET_EXCEEDED')
    expect(await codeOf(opened(envelope, await begin(), { principal: 'another' }))).toBe('none')
    expect(recipient.calls).toBe(11)
  })

  test('is by default 120 sessions a minute for each principal', async () => {
    const { envelope } = setUp({})
    for (let turn = 0; turn < 121; turn++)
      expect(await codeOf(opened(envelope, await begin(), turn === 120 ? {} : { principal: 'a' }))).toBe(
        'none',
      )
    expect(await codeOf(opened(envelope, await begin(), { principal: 'a' }))).toBe('ERR_BUDGET_EXCEEDED')
    expect(await codeOf(opened(envelope, await begin(), { principal: 'b' }))).toBe('none')
  })

  test('is not spent with a recipient whose sessions cost no call', async () => {
    const envelope = envelopeWith({ budget: { sessions: 1 } })
    for (let turn = 0; turn < 3; turn++) expect(await codeOf(opened(envelope, await begin()))).toBe('none')
  })

  test('counts a recipient that does not say whether it costs a call', async () => {
    const { jwks, unwrap } = recipient
    const envelope = envelopeWith({ recipients: { jwks, unwrap }, budget: { sessions: 1 } })
    expect(await codeOf(opened(envelope, await begin()))).toBe('none')
    expect(await codeOf(opened(envelope, await begin()))).toBe('ERR_BUDGET_EXCEEDED')
  })
})
