import { glassineMatchers } from '@glassine/testing/jest'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'

expect.extend(glassineMatchers)

const marker = 'canary-"ü"-4711'

const message = (run: () => void): string => {
  try {
    run()
  } catch (error) {
    return (error as Error).message
  }
  throw new Error('the expectation held')
}

const deep = { a: [new Map([['k', new Set([{ marker }])]])] }
const hidden = Object.defineProperty({}, 'hidden', { value: marker, enumerable: false })

describe('finds a marker', () => {
  test.each<[string, unknown, string]>([
    ['in a text', `before ${marker} after`, 'as it is'],
    ['in JSON', JSON.stringify({ marker }), 'as it is'],
    ['in bytes', Buffer.from(`x${marker}`), 'as it is'],
    ['deep in a value', deep, 'as it is'],
    ['in an error', new Error('x', { cause: new Error(marker) }), 'as it is'],
    ['in a member that is not enumerable', hidden, 'as it is'],
    ['in hexadecimal', `x ${Buffer.from(marker).toString('hex').toUpperCase()}`, 'in hexadecimal'],
    ['percent-encoded', `?q=${encodeURIComponent(marker)}`, 'percent-encoded'],
    ['in base64', Buffer.from(`x${JSON.stringify(marker)}`).toString('base64'), 'in base64'],
  ])('%s', (_, received, where) => {
    const text = message(() => expect(received).toLeakNothing(marker))
    expect(text).toBe(`What must not leak was found:\n  the marker, ${where}`)
  })

  test('in base64 at any place of a longer text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (before, after) => {
        const run = Buffer.from(before + marker + after).toString('base64url')
        expect(message(() => expect({ log: `id/${run}.x` }).toLeakNothing(marker))).toContain('in base64')
      }),
    )
  })
})

test('names markers by name or position, never by value', () => {
  const values = { ssn: 'canary-one', note: 'canary-two' }
  expect(message(() => expect('x canary-two x').toLeakNothing(values))).toContain('\n  note, as it is')
  const text = message(() => expect('canary-two').toLeakNothing(Object.values(values)))
  expect(text).toContain('marker 2 of 2')
  expect(text).not.toContain('canary')
})

test('holds where there is none, in cycles too', () => {
  const cycle: Record<string, unknown> = { a: 'canary', b: 1n }
  cycle.self = cycle
  for (const received of [undefined, null, '', 'canary-4711', 42, cycle, Buffer.alloc(100)])
    expect(received).toLeakNothing(marker)
})

test('.not, for a check of the check', () => {
  expect(marker).not.toLeakNothing(marker)
  expect(message(() => expect('x').not.toLeakNothing(marker))).toBe('None of the markers was found')
})

test('markers that would prove nothing are refused', () => {
  const refused = expect.objectContaining({
    code: 'ERR_OPTION_INVALID',
    cause: expect.objectContaining({ option: 'markers' }),
  })
  for (const markers of ['short', [], {}, ['canary-one', ''], [1]])
    expect(() => expect('x').toLeakNothing(markers as string[])).toThrow(refused)
})
