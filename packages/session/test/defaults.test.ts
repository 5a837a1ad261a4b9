import { localRecipient } from '@glassine/session'
import { describe, expect, test } from '@jest/globals'
import { sessionBudget } from '../src/budget.ts'
import { checkedEnvelopeOptions } from '../src/envelope-options.ts'

const recipients = localRecipient()
const checked = (options: object = {}) =>
  checkedEnvelopeOptions({ recipients, audience: 'https://api.example.com', ...options } as never)

describe('the options of an envelope', () => {
  test('have the documented defaults', () => {
    expect(checked()).toMatchObject({
      rules: {
        audiences: ['https://api.example.com'],
        maxAge: 900_000,
        clockTolerance: 60_000,
        maxTokenBytes: 8_192,
        tickets: false,
        now: Date.now,
      },
      replayReads: false,
      timeout: 10_000,
      now: Date.now,
      tickets: undefined,
      replay: undefined,
      bundleMember: undefined,
      padding: undefined,
    })
  })

  test('replace the defaults', () => {
    const now = () => 5
    const options = {
      maxAge: 1_000,
      clockTolerance: 0,
      maxTokenBytes: 1_024,
      replayReads: true,
      timeout: 1,
      now,
    }
    expect(
      checked({ ...options, audience: ['a', 'b'], padding: { bucket: 16 }, shape: 'bundle' }),
    ).toMatchObject({
      rules: { audiences: ['a', 'b'], maxAge: 1_000, clockTolerance: 0, maxTokenBytes: 1_024, now },
      replayReads: true,
      timeout: 1,
      now,
      bundleMember: 'sealed',
      padding: 16,
    })
  })
})

describe('a budget', () => {
  const sender = (principal?: string, tenant?: string, binding: Record<string, string> = {}) =>
    ({ principal, tenant, binding }) as never

  const outcome = (act: () => void) => {
    try {
      act()
      return true
    } catch (error) {
      return (error as { code: string }).code
    }
  }

  test('is for one minute by default, and refuses what exceeds it', () => {
    let at = 1_000_000
    const budget = sessionBudget({ sessions: 2 }, () => at)
    const spend = () => outcome(() => budget(sender('a'))!.spend())
    expect([spend(), spend(), spend()]).toEqual([true, true, 'ERR_BUDGET_EXCEEDED'])
    at += 59_999
    expect(spend()).toBe('ERR_BUDGET_EXCEEDED')
    at += 1
    expect([spend(), spend(), spend()]).toEqual([true, true, 'ERR_BUDGET_EXCEEDED'])
    // The clock was set back.
    at = 0
    expect(spend()).toBe(true)
  })

  test('is separate for each sender, by principal or binding, and for each tenant', () => {
    const budget = sessionBudget({ sessions: 1, window: 1_000 }, () => 0)
    const spend = (one: never) => outcome(() => budget(one)!.spend())
    const senders = [
      sender('a'),
      sender('b'),
      sender('a', 't-1'),
      sender(undefined, undefined, { a: '1', b: '2' }),
      sender(undefined, undefined, { a: '1' }),
      sender(undefined, 't-1', { a: '1', b: '2' }),
    ]
    expect(senders.map(spend)).toEqual(senders.map(() => true))
    expect(senders.map(spend)).toEqual(senders.map(() => 'ERR_BUDGET_EXCEEDED'))
    expect(spend(sender(undefined, undefined, { b: '2', a: '1' }))).toBe('ERR_BUDGET_EXCEEDED')
    expect(spend(sender('c'))).toBe(true)
  })

  test('is by default 120 sessions for each principal, and unlimited for senders without one', () => {
    const budget = sessionBudget(undefined, () => 0)
    const spend = () => outcome(() => budget(sender('a'))!.spend())
    expect(Array.from({ length: 121 }, spend)).toEqual([...Array(120).fill(true), 'ERR_BUDGET_EXCEEDED'])
    expect(budget(sender())).toBeUndefined()
    expect(sessionBudget(false, () => 0)(sender('a'))).toBeUndefined()
  })
})
