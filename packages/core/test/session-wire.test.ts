import { createHash } from 'node:crypto'
import { contextBytes, derivationBytes } from '@glassine/core/internal'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

describe('contextBytes', () => {
  test('is route, model and sorted pairs, each behind its length', () => {
    const text = (value: string) =>
      Buffer.from(value.length.toString(16).padStart(8, '0'), 'hex').toString('latin1') + value
    const expected = ['POST /patients', 'patient', 'a', '2', 'b', '1'].map(text).join('')
    expect(
      Buffer.from(contextBytes('POST /patients', 'patient', { b: '1', a: '2' })).toString('latin1'),
    ).toBe(expected)
  })

  test('is as long as its example says', () => {
    expect(contextBytes('POST /patients', 'patient', { tenant: 't-1' })).toHaveLength(46)
  })

  test('counts bytes and not characters', () => {
    expect(hex(contextBytes('', 'é', {}))).toBe('0000000000000002c3a9')
  })

  test('differs wherever route, model or binding differ', () => {
    const text = fc.string({ maxLength: 4 })
    const input = fc.tuple(text, text, fc.dictionary(text, text, { maxKeys: 3, noNullPrototype: true }))
    const canonical = ([route, model, binding]: [string, string, Record<string, string>]) =>
      JSON.stringify([route, model, Object.entries(binding).sort(([a], [b]) => (a < b ? -1 : 1))])
    fc.assert(
      fc.property(input, input, (one, other) => {
        const same = canonical(one) === canonical(other)
        expect(hex(contextBytes(...one)) === hex(contextBytes(...other))).toBe(same)
      }),
    )
  })
})

describe('derivationBytes', () => {
  const bytes = (text: string): Uint8Array => Buffer.from(text, 'base64url')

  test('is the input of Concat KDF in RFC 7518, appendix C', () => {
    const secret = Uint8Array.of(
      ...[158, 86, 217, 29, 129, 113, 53, 211, 114, 131, 66, 131, 191, 132, 38, 156],
      ...[251, 49, 110, 163, 218, 128, 106, 72, 246, 218, 167, 121, 140, 254, 144, 196],
    )
    const input = derivationBytes(secret, 'A128GCM', bytes('QWxpY2U'), bytes('Qm9i'), 128)
    // The example's own listing of what follows the shared secret.
    expect([...input.subarray(36)]).toEqual(
      [
        [0, 0, 0, 7, 65, 49, 50, 56, 71, 67, 77],
        [0, 0, 0, 5, 65, 108, 105, 99, 101],
        [0, 0, 0, 3, 66, 111, 98],
        [0, 0, 0, 128],
      ].flat(),
    )
    const key = createHash('sha256').update(input).digest().subarray(0, 16)
    expect(key.toString('base64url')).toBe('VqqN6vgjbSBcIijNcacQGg')
  })

  test('without party information, for 256 bits, unless told otherwise', () => {
    const input = derivationBytes(new Uint8Array(32), 'A256GCM')
    expect(hex(input)).toBe(
      `00000001${'00'.repeat(32)}00000007${hex(Buffer.from('A256GCM'))}000000000000000000000100`,
    )
  })
})
