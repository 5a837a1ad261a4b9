import { inspect } from 'node:util'
import { failureOf } from '@glassine/test-support'
import { leaksOf } from '@glassine/testing'
import { glassineMatchers } from '@glassine/testing/jest'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'

expect.extend(glassineMatchers)

const marker = 'canary-"ü"-4711'

const deep = { a: [new Map([['k', new Set([{ marker }])]])] }
const hidden = Object.defineProperty({}, 'hidden', { value: marker, enumerable: false })

describe('a secret is found', () => {
  test.each<[string, unknown, string]>([
    ['in a text', `before ${marker} after`, 'as it is: value'],
    ['in JSON', JSON.stringify({ marker }), 'escaped: value'],
    ['in bytes', Buffer.from(`x${marker}`), 'as it is: value'],
    ['deep in a value', deep, 'as it is: value.a[0].get(key 0).member 0.marker'],
    ['in bytes deep in a value', { a: [Buffer.from(marker)] }, 'as it is: value.a[0]'],
    ['in numbers', { log: Buffer.from(marker).join() }, 'in a list of numbers: value.log'],
    ['in an error', new Error('x', { cause: new Error(marker) }), 'as it is: String(value.cause)'],
    ['in a member that is not enumerable', hidden, 'as it is: value.hidden'],
    ['in hexadecimal', `x ${Buffer.from(marker).toString('hex').toUpperCase()}`, 'in hex: value'],
    ['percent-encoded', `?q=${encodeURIComponent(marker)}`, 'percent-encoded: value'],
    ['in base64', Buffer.from(`x${marker}`).toString('base64'), 'in base64: value'],
  ])('%s', (_, received, where) => {
    const text = failureOf(() => expect(received).toLeakNothing(marker))
    expect(text).toContain(`Secrets were found:\n  the secret, ${where}`)
  })

  test('as bytes in what inspect prints of a Buffer', () => {
    const key = Buffer.from('4e0d2f5b99c1a87733f0', 'hex')
    expect(failureOf(() => expect(inspect({ key })).toLeakNothing({ key }))).toContain(
      '\n  key, in hex: value',
    )
    expect(inspect({ key: Buffer.alloc(10) })).toLeakNothing({ key })
  })

  test('in base64 anywhere in a longer text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (before, after) => {
        const run = Buffer.from(before + marker + after).toString('base64url')
        expect(leaksOf(`id/${run}.x`, marker)).toHaveLength(1)
      }),
    )
  })
})

test('a failure names secrets by name or position, never by value', () => {
  const values = { ssn: 'canary-one', note: 'canary-two' }
  expect(failureOf(() => expect('x canary-two x').toLeakNothing(values))).toContain('\n  note, as it is')
  const text = failureOf(() => expect('canary-two').toLeakNothing(Object.values(values)))
  expect(text).toContain('secret 2 of 2')
  expect(text).not.toContain('canary')
})

test('toLeakNothing holds without a leak, also for cycles', () => {
  const cycle: Record<string, unknown> = { a: 'canary', b: 1n }
  cycle.self = cycle
  for (const received of [undefined, null, '', 'canary-4711', 42, cycle, Buffer.alloc(100)])
    expect(received).toLeakNothing(marker)
})

test('.not holds when there is a leak', () => {
  expect(marker).not.toLeakNothing(marker)
  expect(failureOf(() => expect('x').not.toLeakNothing(marker))).toBe('None of the secrets was found')
})

test('secrets that could occur by chance are refused', () => {
  const refused = expect.objectContaining({
    code: 'ERR_OPTION_INVALID',
    cause: expect.objectContaining({ option: 'secrets' }),
  })
  for (const secrets of [
    'short',
    [],
    {},
    ['canary-one', ''],
    [1],
    [Buffer.alloc(32)],
    Buffer.from('1234567'),
  ])
    expect(() => expect('x').toLeakNothing(secrets as string[])).toThrow(refused)
})
