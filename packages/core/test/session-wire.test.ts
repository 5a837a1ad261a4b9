import { createHash } from 'node:crypto'
import { bearerToken, contextBytes, derivationBytes, type SessionContext } from '@glassine/core/internal'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

const context: SessionContext = {
  direction: 'response',
  sender: 'a token',
  answers: 'AAAAAAAAAAAAAAAAAAAAAA',
  status: 201,
  count: 12,
  resource: {
    method: 'PUT',
    path: '/patients/p-1',
    query: [
      ['a', '1'],
      ['b', ''],
    ],
  },
  model: 'patient',
  members: [
    { pointer: '/visits/0/id', text: '7' },
    { pointer: '/id', text: '"p-1"' },
  ],
  binding: { b: '1', a: '2' },
}
const bare: SessionContext = { direction: 'request', count: 0, model: 'm', members: [], binding: {} }
const written = (one: SessionContext): string => Buffer.from(contextBytes(one)).toString('utf8')

describe('contextBytes', () => {
  const join = (texts: readonly string[]): string =>
    texts
      .map(
        (value) => Buffer.from(value.length.toString(16).padStart(8, '0'), 'hex').toString('latin1') + value,
      )
      .join('')

  test('is the specified list of texts, each after its length, with members and binding sorted', () => {
    expect(written(context)).toBe(
      join([
        ...['glassine-context-2', 'response', 'a token', 'AAAAAAAAAAAAAAAAAAAAAA', '201', '12'],
        ...['PUT', '/patients/p-1', '2', 'a', '1', 'b', ''],
        ...['patient', '2', '/id', '"p-1"', '/visits/0/id', '7', '2', 'a', '2', 'b', '1'],
      ]),
    )
  })

  test('has an empty text for everything absent', () => {
    expect(written(bare)).toBe(
      join(['glassine-context-2', 'request', '', '', '', '0', '', '', '0', 'm', '0', '0']),
    )
  })

  test('has the length in its example', () => {
    const resource = { method: 'GET', path: '/patients/p-1', query: [] }
    expect(contextBytes({ ...bare, resource, model: 'patient' })).toHaveLength(100)
  })

  test('counts bytes, not characters', () => {
    expect(contextBytes({ ...bare, model: 'é' }).length - contextBytes({ ...bare, model: 'e' }).length).toBe(
      1,
    )
  })

  test('leaves the members unchanged', () => {
    contextBytes(context)
    expect(context.members[0]!.pointer).toBe('/visits/0/id')
  })

  test('differs if anything differs, including the boundary between two lists', () => {
    const text = fc.string({ maxLength: 3 })
    const pairs = fc.array(fc.tuple(text, text), { maxLength: 2 })
    const input = fc.record({
      direction: fc.constantFrom('request' as const, 'response' as const),
      sender: text,
      answers: text,
      status: fc.integer({ min: 100, max: 599 }),
      count: fc.nat({ max: 20 }),
      resource: fc.record({ method: text, path: text, query: pairs }),
      model: text,
      members: fc.uniqueArray(fc.record({ pointer: text, text }), {
        maxLength: 2,
        selector: (one) => one.pointer,
      }),
      binding: fc.dictionary(text, text, { maxKeys: 2, noNullPrototype: true }),
    })
    const canonical = ({ members, binding, ...rest }: SessionContext): string =>
      JSON.stringify([
        rest,
        members.map((one) => [one.pointer, one.text]).toSorted(([a], [b]) => (a! < b! ? -1 : 1)),
        Object.entries(binding).toSorted(([a], [b]) => (a < b ? -1 : 1)),
      ])
    fc.assert(
      fc.property(input, input, (one, other) => {
        expect(hex(contextBytes(one)) === hex(contextBytes(other))).toBe(canonical(one) === canonical(other))
      }),
    )
  })
})

test.each([
  ['Bearer abc.def', 'abc.def'],
  ['bearer  abc ', 'abc'],
  ['Basic abc', undefined],
  ['Bearer', undefined],
  ['Bearer a b', undefined],
  ['', undefined],
  [null, undefined],
  [undefined, undefined],
])('the token of the Authorization header %j is %j', (header, token) => {
  expect(bearerToken(header)).toBe(token)
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

  test('defaults to no party information and 256 bits', () => {
    const input = derivationBytes(new Uint8Array(32), 'A256GCM')
    expect(hex(input)).toBe(
      `00000001${'00'.repeat(32)}00000007${hex(Buffer.from('A256GCM'))}000000000000000000000100`,
    )
  })
})
