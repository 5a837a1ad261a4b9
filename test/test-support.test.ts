// The instruments that other tests rely on: each is shown to notice what it is for.
import { randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import { leaksOf, longOr, seed } from '@glassine/test-support'
import { afterEach, describe, expect, test } from '@jest/globals'

const text = 'Canary "Zürich"\t4711'
const bytes = Buffer.from('e5002fb83cfe7a41d29b0c6613a8f7145d90be3172cc48ef06a1977b5e20de3f', 'hex')
const secrets = { text, bytes }

/** Which secrets are found, and how they are written. */
const found = (value: unknown, among: Parameters<typeof leaksOf>[1] = secrets): string[] => [
  ...new Set(leaksOf(value, among).map(({ secret, notation }) => `${secret} ${notation}`)),
]

describe('leaksOf finds bytes', () => {
  const pairs = bytes.toString('hex').match(/../g)!
  const numbers = [...bytes]
  const indexed = Object.fromEntries(numbers.entries())
  const shifted = (skip: number) => Buffer.concat([Buffer.from('abc'.slice(0, skip)), bytes])

  test.each<[notation: string, written: string, as: string]>([
    ['latin1', `x${bytes.toString('latin1')}`, 'as it is'],
    ['latin1 in JSON', JSON.stringify(bytes.toString('latin1')), 'as it is'],
    ['latin1 that inspect escaped', inspect(bytes.toString('latin1')), 'escaped'],
    ['latin1 in a URL', `?k=${encodeURIComponent(bytes.toString('latin1'))}`, 'as utf8 percent-encoded'],
    ['utf8', `x${bytes.toString('utf8')}x`, 'as utf8'],
    ['hex', `key=${bytes.toString('hex')}.`, 'in hex'],
    ['hex in capitals', bytes.toString('hex').toUpperCase(), 'in hex'],
    ['hex after a digit that is not part of it', `a${bytes.toString('hex')}`, 'in hex'],
    ['hex with colons', pairs.join(':'), 'in hex'],
    ['hex with spaces and line breaks', pairs.join(' ').replaceAll('f7 ', 'f7\n  '), 'in hex'],
    ['hex with 0x', pairs.map((pair) => `0x${pair}`).join(', '), 'in hex'],
    ['hex in a list of texts', JSON.stringify(pairs), 'in hex'],
    ['escapes of C', pairs.map((pair) => `\\x${pair}`).join(''), 'escaped'],
    ['percent escapes', pairs.map((pair) => `%${pair}`).join(''), 'percent-encoded'],
    ['what inspect prints of a Buffer', inspect(bytes), 'in hex'],
    ['what inspect prints of a long Buffer', inspect(Buffer.concat([bytes, Buffer.alloc(99)])), 'in hex'],
    ['what inspect prints of an ArrayBuffer', inspect(Uint8Array.from(bytes).buffer), 'in hex'],
    ['what inspect prints of a Uint8Array', inspect(Uint8Array.from(bytes)), 'in a list of numbers'],
    ['what inspect prints of an Int8Array', inspect(Int8Array.from(bytes)), 'in a list of numbers'],
    ['what inspect prints of an object', inspect(indexed), 'in an object of numbers'],
    ['what inspect prints of a Map', inspect(new Map(numbers.entries())), 'in an object of numbers'],
    ['JSON of a Buffer', JSON.stringify(bytes), 'in a list of numbers'],
    ['JSON of a Uint8Array', JSON.stringify(Uint8Array.from(bytes)), 'in an object of numbers'],
    ['JSON of a list, indented', JSON.stringify(numbers, null, 2), 'in a list of numbers'],
    ['numbers with spaces', numbers.join(' '), 'in a list of numbers'],
    ['numbers as texts', JSON.stringify(numbers.map(String)), 'in a list of numbers'],
    ['base64', `x ${bytes.toString('base64')}`, 'in base64'],
    ['base64 one byte further', shifted(1).toString('base64'), 'in base64'],
    ['base64 two bytes further', shifted(2).toString('base64'), 'in base64'],
    ['base64 after other characters of its alphabet', `id/${bytes.toString('base64')}`, 'in base64'],
    ['base64 without padding', bytes.toString('base64').replaceAll('=', ''), 'in base64'],
    ['base64url', `${bytes.toString('base64url')}.x`, 'in base64'],
    [
      'PEM',
      randomBytes(46).toString('base64').slice(0, 48).concat('\n', bytes.toString('base64')),
      'in base64',
    ],
    ['JSON in JSON', JSON.stringify(JSON.stringify({ a: indexed })), 'in an object of numbers escaped'],
    [
      'JSON in base64',
      Buffer.from(JSON.stringify(bytes)).toString('base64'),
      'in a list of numbers in base64',
    ],
    ['hex in base64', Buffer.from(bytes.toString('hex')).toString('base64'), 'in hex in base64'],
    [
      'base64 of what was latin1',
      Buffer.from(bytes.toString('latin1')).toString('base64'),
      'as utf8 in base64',
    ],
    ['any 8 of them in a row', bytes.subarray(11, 19).toString('hex'), 'in hex'],
  ])('%s', (_, written, as) => {
    expect(found(written)).toEqual([`bytes ${as}`])
    expect(found({ log: [written] })).toContain(`bytes ${as}`)
  })

  test('only from 8 in a row', () => {
    expect(found(bytes.subarray(11, 18).toString('hex'))).toEqual([])
  })
})

describe('leaksOf finds a text', () => {
  const utf8 = Buffer.from(text)
  test.each<[notation: string, written: string, as: string]>([
    ['as it is', `x${text}x`, 'as it is'],
    ['in JSON', JSON.stringify({ text }), 'escaped'],
    ['in JSON of ASCII only', '"Canary \\"Z\\u00FCrich\\"\\t4711"', 'escaped'],
    ['as inspect prints it', inspect(text), 'escaped'],
    ['in JSON in JSON', JSON.stringify([JSON.stringify({ text })]), 'escaped escaped'],
    ['in a URL', `?q=${encodeURIComponent(text)}`, 'percent-encoded'],
    ['in a form', new URLSearchParams({ text }).toString(), 'percent-encoded'],
    ['in base64', `x ${utf8.toString('base64')}`, 'in base64'],
    ['in base64url in the midst of another', Buffer.from(`a${text}z`).toString('base64url'), 'in base64'],
    ['in hex', utf8.toString('hex'), 'in hex'],
    ['in hex with colons', utf8.toString('hex').replace(/..(?=.)/g, '$&:'), 'in hex'],
    ['in numbers', [...utf8].join(), 'in a list of numbers'],
    ['in an object of numbers', JSON.stringify({ ...utf8 }), 'in an object of numbers'],
    ['in JSON in base64', Buffer.from(JSON.stringify({ text })).toString('base64'), 'escaped in base64'],
    ['in base64 in base64', btoa(utf8.toString('base64')), 'in base64 in base64'],
  ])('%s', (_, written, as) => {
    expect(found(written)).toEqual([`text ${as}`])
  })

  test('only as a whole', () => {
    expect(found(text.slice(1))).toEqual([])
    expect(found(Buffer.from(text.slice(0, -1)))).toEqual([])
  })
})

describe('leaksOf looks into', () => {
  const kept = Symbol('kept')
  class Holder {
    [kept]: unknown
    constructor(value: unknown) {
      this[kept] = value
    }
  }
  const hidden = (value: unknown) => Object.defineProperty({}, 'hidden', { value })
  const throwing = (error: unknown) => () => {
    throw error
  }

  const containers: [name: string, put: (secret: unknown) => unknown, where: string | RegExp][] = [
    ['the value itself', (secret) => secret, 'value'],
    ['a member', (secret) => ({ a: { b: secret } }), 'value.a.b'],
    ['a list', (secret) => [0, [secret]], 'value[1][0]'],
    ['a hole of a list with members', (secret) => Object.assign([], { 7: secret }), 'value[7]'],
    ['a member that is not enumerable', hidden, 'value.hidden'],
    ['a symbol of an instance', (secret) => new Holder(secret), 'value.Symbol(kept)'],
    [
      'a getter',
      (secret) => ({
        get a() {
          return secret
        },
      }),
      'value.a',
    ],
    [
      'what a getter throws',
      (secret) => ({
        get a() {
          throw secret
        },
      }),
      'what value.a throws',
    ],
    ['a Map', (secret) => new Map([['a', secret]]), 'value.get(key 0)'],
    ['a key of a Map', (secret) => new Map([[secret, 1]]), 'key 0 of value'],
    ['a Set', (secret) => new Set([secret]), 'value.member 0'],
    ['a member of a function', (secret) => Object.assign(() => 1, { secret }), 'value.secret'],
    ['an own member of an error', (secret) => Object.assign(new Error('x'), { secret }), 'value.secret'],
    [
      'a cause',
      (secret) => new Error('x', { cause: new Error('y', { cause: secret }) }),
      'value.cause.cause',
    ],
    ['the errors of an AggregateError', (secret) => new AggregateError([secret]), 'value.errors[0]'],
    [
      'a cycle',
      (secret) => {
        const a: any = { secret }
        a.self = a
        return [a]
      },
      'value[0].secret',
    ],
    [
      'an object without a prototype',
      (secret) => Object.assign(Object.create(null), { secret }),
      'value.secret',
    ],
    ['a Proxy', (secret) => new Proxy({ secret }, {}), 'value.secret'],
    ['something frozen', (secret) => Object.freeze({ secret }), 'value.secret'],
    [
      '40 levels',
      (secret) => Array.from({ length: 40 }).reduce((inner) => [inner], secret),
      /^value(?:\[0\]){40}$/,
    ],
    ['a promise', (secret) => ({ a: Promise.resolve([secret]) }), 'inspect(value.a)'],
    ['a WeakMap', (secret) => new WeakMap([[containers, secret]]), 'inspect(value)'],
    ['an iterator', (secret) => new Set([secret]).values(), 'inspect(value)'],
    ['what toJSON returns', (secret) => ({ toJSON: () => [secret] }), 'JSON.stringify(value)'],
    ['what inspect prints', (secret) => ({ [inspect.custom]: () => inspect({ secret }) }), 'inspect(value)'],
    [
      'what a Proxy throws',
      (secret) => new Proxy({}, { ownKeys: throwing(secret) }),
      'JSON.stringify(value)',
    ],
  ]
  // What these print is only text.
  const ofTexts: typeof containers = [
    ['a name', (secret) => ({ a: { [secret as string]: 1 } }), 'a name in value.a'],
    ['a boxed text', (secret) => ({ a: new String(secret) }), 'String(value.a)'],
    ['the description of a symbol', (secret) => [Symbol(secret as string)], 'value[0]'],
    ['the name of a symbol', (secret) => ({ [Symbol(secret as string)]: 1 }), 'a name in value'],
    ['a message', (secret) => [new Error(secret as string)], 'value[0].message'],
    ['a stack', (secret) => Object.assign(new Error('x'), { stack: `Error: ${secret}` }), 'value.stack'],
    ['a text that toString makes', (secret) => [{ toString: () => secret }], 'String(value[0])'],
    ['headers', (secret) => new Headers({ a: encodeURIComponent(secret as string) }), 'inspect(value)'],
  ]
  const ofBytes: typeof containers = [
    ['a Uint8Array', (secret) => [Uint8Array.from(secret as Buffer)], 'value[0]'],
    ['an ArrayBuffer', (secret) => [Uint8Array.from(secret as Buffer).buffer], 'value[0]'],
    ['a DataView', (secret) => [new DataView(Uint8Array.from(secret as Buffer).buffer, 3)], 'value[0]'],
    ['a Uint32Array', (secret) => [new Uint32Array(Uint8Array.from(secret as Buffer).buffer)], 'value[0]'],
    [
      'a view of a larger Buffer',
      (secret) => [Buffer.concat([secret as Buffer, randomBytes(9)])],
      'value[0]',
    ],
    ['a list of numbers', (secret) => ({ a: [...(secret as Buffer)] }), 'inspect(value)'],
    ['an Int8Array', (secret) => [Int8Array.from(secret as Buffer)], 'value[0]'],
  ]

  const places = (value: unknown, name: string) =>
    leaksOf(value, secrets)
      .filter(({ secret }) => secret === name)
      .map(({ where }) => where)
  const at = (where: string | RegExp) => (typeof where === 'string' ? where : expect.stringMatching(where))

  test.each([...containers, ...ofTexts])('%s, for a text', (_, put, where) => {
    expect(places(put(text), 'text')).toContainEqual(at(where))
    expect(places(put('another text'), 'text')).toEqual([])
  })

  test.each([...containers, ...ofBytes])('%s, for bytes', (_, put, where) => {
    expect(places(put(bytes), 'bytes')).toContainEqual(at(where))
    expect(places(put(randomBytes(32)), 'bytes')).toEqual([])
  })

  test('only the part of a pool that a view shows', () => {
    const [first, second] = [Buffer.from(bytes), Buffer.from('something else')]
    expect(first.buffer).toBe(second.buffer)
    expect(leaksOf([second, { second }], secrets)).toEqual([])
  })
})

describe('leaksOf', () => {
  test('finds nothing in random data, in any notation', () => {
    const random = randomBytes(5_000)
    const values = [
      random,
      random.toString('latin1'),
      random.toString('utf8'),
      random.toString('hex'),
      random.toString('base64'),
      JSON.stringify(random),
      JSON.stringify({ ...random.subarray(0, 2_000) }),
      inspect(Uint8Array.from(random.subarray(0, 2_000)), { maxArrayLength: null }),
      { id: randomBytes(16), cause: new Error(randomBytes(32).toString('base64url')) },
      undefined,
      null,
      0,
      1n,
      '',
      true,
      () => text,
      [],
      {},
    ]
    const among = {
      text,
      bytes,
      long: randomBytes(100),
      regular: Buffer.from('0101010101010101deadbeef', 'hex'),
    }
    expect(leaksOf(values, among)).toEqual([])
    for (const value of values) expect(leaksOf(value, among)).toEqual([])
  })

  test('distinguishes secrets, and names them without showing them', () => {
    const value = { [text]: { [text]: bytes } }
    expect(leaksOf(value, { ...secrets, third: 'not there' })).toEqual(
      expect.arrayContaining([
        { secret: 'text', notation: 'as it is', where: 'a name in value' },
        { secret: 'bytes', notation: 'as it is', where: 'value........' },
      ]),
    )
    expect(inspect(leaksOf(value, secrets))).not.toContain(text)
  })

  test('refuses useless secrets: none, too short, or the same byte throughout', () => {
    const refused = expect.objectContaining({ code: 'ERR_OPTION_INVALID' })
    const short = [[], {}, '', 'short', Buffer.alloc(0), Buffer.from('abcdefg'), 5 as never]
    for (const secrets of [...short, Buffer.alloc(32), Buffer.alloc(32, 7), ['long enough', 'short']])
      expect(() => leaksOf({}, secrets)).toThrow(refused)
  })

  test('refuses a value that cannot be searched', () => {
    expect(() =>
      leaksOf(
        Array.from({ length: 100_001 }, () => ({})),
        secrets,
      ),
    ).toThrow(RangeError)
  })
})

describe('longOr', () => {
  const { env } = process
  afterEach(() => {
    process.env = env
  })

  test('returns the sample, or the part of the whole that GLASSINE_LONG asks for', () => {
    process.env = { ...env, GLASSINE_LONG: '' }
    expect(longOr(1_000, 10)).toBe(10)
    process.env = { ...env, GLASSINE_LONG: '1' }
    expect(longOr(1_000, 10)).toBe(1_000)
    process.env = { ...env, GLASSINE_LONG: '0.0501' }
    expect(longOr(1_000, 10)).toBe(51)
  })

  test('takes the seed from GLASSINE_SEED, so that a run can be repeated', () => {
    process.env = { ...env, GLASSINE_SEED: '4711' }
    expect(seed(1)).toBe(4711)
    process.env = { ...env }
    delete process.env.GLASSINE_SEED
    expect(seed(1)).toBe(1)
  })
})
