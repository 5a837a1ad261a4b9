/** What one sender may cost, in messages and in sessions. */

import { serialiseContext } from '@glassine/keys/internal'
import { codeOf, heldBytes, longName, standingClock } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import type { SenderBudgetOptions } from '../src/index.ts'
import { senderBudget } from '../src/sender-budget.ts'

const setUp = (options?: SenderBudgetOptions | false) => {
  const clock = standingClock()
  const budget = senderBudget('@glassine/test', options, clock.now)
  const account = (principal: string, tenant?: string) => budget({ principal, tenant, binding: {} })
  const spend = async (principal: string, tenant?: string) =>
    codeOf((async () => account(principal, tenant)?.spend())())
  const spendAll = async (principal: string, times: number) => {
    for (let time = 0; time < times; time++) expect(await spend(principal)).toBe('none')
  }
  return { clock, budget, account, spend, spendAll }
}

describe('a sender', () => {
  test('makes 120 calls a minute by default, and then no more until the minute is over', async () => {
    const { clock, spend, spendAll } = setUp()
    await spendAll('a', 120)
    expect(await spend('a')).toBe('ERR_BUDGET_EXCEEDED')
    expect(await spend('b')).toBe('none')
    clock.advance(59_999)
    expect(await spend('a')).toBe('ERR_BUDGET_EXCEEDED')
    clock.advance(1)
    expect(await spend('a')).toBe('none')
  })

  test('makes no more calls after 10 refusals in a minute', async () => {
    const { clock, account, spend } = setUp()
    for (let time = 0; time < 10; time++) {
      expect(await spend('a')).toBe('none')
      account('a')?.refused()
    }
    expect(await spend('a')).toBe('ERR_BUDGET_EXCEEDED')
    expect(await spend('b')).toBe('none')
    clock.advance(60_000)
    expect(await spend('a')).toBe('none')
  })

  test('is another in each tenant of Lambda', async () => {
    const { spend } = setUp({ calls: 1 })
    expect([await spend('a'), await spend('a', 't'), await spend('a', 't')]).toEqual([
      'none',
      'none',
      'ERR_BUDGET_EXCEEDED',
    ])
  })

  test('without a principal has a budget only where the options name one, by the binding', () => {
    const binding = { tenant: 't-1' }
    expect(setUp().budget({ binding })).toBeUndefined()
    expect(setUp(false).budget({ binding, principal: 'a' })).toBeUndefined()
    const { budget } = setUp({ calls: 1 })
    budget({ binding })?.spend()
    expect(() => budget({ binding: { tenant: 't-1' } })?.spend()).toThrow()
    expect(() => budget({ binding: { tenant: 't-2' } })?.spend()).not.toThrow()
  })

  test('finds a clock that was set back a new window, and not a longer one', async () => {
    const { clock, spend } = setUp({ calls: 1 })
    await spend('a')
    clock.advance(-1)
    expect([await spend('a'), await spend('a')]).toEqual(['none', 'ERR_BUDGET_EXCEEDED'])
  })
})

describe('senders that are remembered', () => {
  test('a spent one stays spent, whatever 10,001 others do that are not', async () => {
    const { spend, spendAll } = setUp({ calls: 2 })
    await spendAll('spent', 2)
    for (let other = 0; other < 10_001; other++) expect(await spend(`other-${other}`)).toBe('none')
    expect(await spend('spent')).toBe('ERR_BUDGET_EXCEEDED')
  })

  test('are pushed out only by 10,000 others that have spent all of theirs as well', async () => {
    const { spend, spendAll } = setUp({ calls: 2 })
    await spendAll('spent', 2)
    for (let other = 0; other < 9_999; other++) await spendAll(`other-${other}`, 2)
    expect(await spend('spent')).toBe('ERR_BUDGET_EXCEEDED')
    await spendAll('one-more', 2)
    expect(await spend('spent')).toBe('none')
  })

  test('that may still spend are the newest 10,000', async () => {
    const { spend } = setUp({ calls: 2 })
    for (const first of ['forgotten', 'kept']) await spend(first)
    for (let other = 0; other < 9_999; other++) await spend(`other-${other}`)
    expect([await spend('kept'), await spend('kept')]).toEqual(['none', 'ERR_BUDGET_EXCEEDED'])
    expect([await spend('forgotten'), await spend('forgotten')]).toEqual(['none', 'none'])
  })

  test('take a hash each, however long their names are', () => {
    const { account } = setUp({ calls: 2 })
    const held = heldBytes(() => {
      for (let other = 0; other < 2_000; other++) account(longName(other, 20_000))?.spend()
    })
    // The names together are 40 MB.
    expect(held).toBeLessThan(10_000_000)
  })
})

test('an owner of a share is a tenant, or else all that is bound', async () => {
  const { ownerOf } = await import('../src/bounded-map.ts')
  const context = (pairs: Record<string, string>) => ownerOf(serialiseContext(pairs).pairs)
  expect(context({ tenant: 'a', user: '1', 'glassine:use': 'request' })).toBe(
    context({ tenant: 'a', user: '2' }),
  )
  expect(context({ tenant: 'a' })).not.toBe(context({ tenant: 'b' }))
  expect(context({ clinic: 'a', 'glassine:model': 'x' })).toBe(
    context({ clinic: 'a', 'glassine:model': 'y' }),
  )
  expect(context({ clinic: 'a' })).not.toBe(context({ clinic: 'b' }))
  expect(ownerOf({ tenant: 'a' }, 't')).not.toBe(ownerOf({ tenant: 'a' }))
  expect(ownerOf({ tenant: 'x'.repeat(10_000) })).toHaveLength(32)
  // No owner can take the form of another.
  expect(ownerOf({ tenant: '[]' })).not.toBe(ownerOf({}))
})
