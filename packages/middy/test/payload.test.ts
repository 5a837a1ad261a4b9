/** Where the fields of an event are, and what passes for a body. */
import { hasCode } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import { type EventSource, eventSources } from '../src/event-source.ts'
import {
  byteCount,
  envelopeEntries,
  envelopes,
  headerName,
  isHeaderValue,
  pathPrefix,
  sourcesRule,
} from '../src/options.ts'
import { mayLackBody, payloadPlace } from '../src/payload.ts'

const bodies = [
  ['rest', 'isBase64Encoded'],
  ['http-api', 'isBase64Encoded'],
  ['function-url', 'isBase64Encoded'],
  ['alb', 'isBase64Encoded'],
  ['lattice-v1', 'is_base64_encoded'],
  ['lattice-v2', 'isBase64Encoded'],
  ['websocket-connect', 'isBase64Encoded'],
  ['websocket-message', 'isBase64Encoded'],
  ['websocket-disconnect', 'isBase64Encoded'],
] as const

describe.each(bodies)('an event of %s', (source, flag) => {
  const { kind, read, write } = payloadPlace(source)
  const invalid = hasCode('ERR_BODY_INVALID', { statusCode: 400 })

  test('has its fields in the body, as text, in base64 or parsed', () => {
    expect(kind).toBe('body')
    const payload = { a: '\u00e9' }
    const text = JSON.stringify(payload)
    const base64 = Buffer.from(text).toString('base64')
    expect(read({ body: text }, 100)).toEqual(payload)
    expect(read({ body: text, [flag]: false }, 100)).toEqual(payload)
    expect(read({ body: base64, [flag]: true }, 100)).toEqual(payload)
    expect(read({ body: '[1]' }, 100)).toEqual([1])
    for (const body of [payload, [payload]])
      for (const encoded of [true, false]) expect(read({ body, [flag]: encoded }, 1)).toBe(body)
    for (const body of [undefined, null, '']) expect(read({ body }, 100)).toBeUndefined()
    expect(read({}, 100)).toBeUndefined()
  })

  test('is refused with a body that is neither an object nor a list', () => {
    for (const body of [
      '5',
      '"x"',
      'null',
      '{',
      'x',
      '{"__proto__":1}',
      `${'['.repeat(200)}${']'.repeat(200)}`,
    ])
      expect(() => read({ body }, 1_000)).toThrow(invalid)
    for (const body of [5, true, new Date(0)]) expect(() => read({ body }, 1_000)).toThrow(invalid)
    for (const body of ['{}', 'e30', 'e30=x', '/w=='])
      expect(() => read({ body, [flag]: true }, 1_000)).toThrow(invalid)
    expect(() => read({ body: 'e30=' }, 1_000)).toThrow(invalid)
    expect(() => read({ body: 'e30=', [flag]: 'true' }, 1_000)).toThrow(invalid)
  })

  test('is refused with a body of more bytes than are allowed', () => {
    const tooLarge = (most: number) =>
      hasCode('ERR_TOO_LARGE', {
        statusCode: 413,
        message: `The body of the request is larger than ${most} bytes`,
      })
    expect(read({ body: '{"a":1}' }, 7)).toEqual({ a: 1 })
    expect(() => read({ body: '{"a":1}' }, 6)).toThrow(tooLarge(6))
    expect(read({ body: '["\u00e9"]' }, 6)).toEqual(['\u00e9'])
    expect(() => read({ body: '["\u00e9"]' }, 5)).toThrow(tooLarge(5))
  })

  test('gets the opened payload as its body, which is no longer in base64', () => {
    const event = { body: 'x', other: 1 }
    const opened = { a: 1 }
    expect(write(event, opened)).toEqual({ body: opened, other: 1 })
    expect(write({ ...event, [flag]: true }, opened)).toEqual({ body: opened, other: 1, [flag]: false })
    expect(event.body).toBe('x')
  })
})

describe('a payload', () => {
  test('is the whole event of a direct invocation', () => {
    const { kind, read, write } = payloadPlace('direct')
    const event = { body: 'x' }
    expect(kind).toBe('event')
    expect(read(event, 1)).toBe(event)
    expect(write(event, 5)).toBe(5)
  })

  test('is in no event of the other sources', () => {
    const known = [...bodies.map(([source]) => source), 'direct'] as EventSource[]
    const others = [...eventSources, 'unknown' as const].filter((source) => !known.includes(source))
    expect(others.length).toBeGreaterThan(10)
    for (const source of others)
      expect(() => payloadPlace(source)).toThrow(
        hasCode('ERR_EVENT_UNKNOWN', {
          cause: {
            package: '@glassine/middy',
            reason: `fields in an event of the source ${source} cannot be decrypted`,
          },
        }),
      )
  })

  test('may be missing by the method, and at the ends of a websocket', () => {
    const byMethod = (httpMethod?: string) => mayLackBody({ httpMethod }, 'rest')
    for (const method of ['GET', 'HEAD', 'DELETE', 'OPTIONS', 'get']) expect(byMethod(method)).toBe(true)
    for (const method of ['POST', 'PUT', 'PATCH', undefined]) expect(byMethod(method)).toBe(false)
    expect(mayLackBody({}, 'websocket-connect')).toBe(true)
    expect(mayLackBody({}, 'websocket-disconnect')).toBe(true)
    for (const source of ['websocket-message', 'direct'] as const)
      expect(mayLackBody({ httpMethod: 'GET' }, source)).toBe(false)
  })
})

describe('the rules of options', () => {
  const nothing = () => {}
  const envelope = { recognises: nothing, prepareOpen: nothing, prepareSeal: nothing }
  const from = () => true

  test.each([
    [
      'a prefix of a path',
      pathPrefix[1],
      ['', '/a', '/a/b', '/a.b'],
      ['/', 'a', '/a/', '//a', '/a?', '/a#', 5],
    ],
    ['a size', byteCount[1], [1, 5], [0, -1, 1.5, '1']],
    [
      'a value of a header',
      isHeaderValue,
      ['x', 'x y', '~!', '!'],
      ['', ' x', 'x ', 'x\n', '\u00e9', 'x\ty', '\u007f', 5],
    ],
    [
      'a name of a header',
      headerName[1],
      ['X-A_1', "!#$%&'*+.^_`|~-"],
      ['', 'a b', 'a:', '\u00e9', 'a\n', 5, ['a']],
    ],
    [
      'a list of sources',
      sourcesRule[1],
      [['rest'], ['rest', 'direct']],
      [[], ['unknown'], ['rest', 'x'], 'rest', null],
    ],
    [
      'envelopes',
      envelopes[1],
      [envelope, [envelope], [envelope, envelope]],
      [[], [{}], [envelope, 5], {}, null],
    ],
    [
      'entries of envelopes',
      envelopeEntries[1],
      [
        envelope,
        [{ envelope }],
        [
          { envelope, from },
          { envelope, from: undefined },
        ],
      ],
      [
        [],
        [envelope],
        [{ envelope: {} }],
        [{ envelope, from: 5 }],
        [{ envelope, other: 1 }],
        [null],
        null,
        {},
      ],
    ],
  ] as [string, (value: unknown) => unknown, unknown[], unknown[]][])(
    '%s',
    (_what, holds, taken, refused) => {
      for (const value of taken) expect([value, Boolean(holds(value))]).toEqual([value, true])
      for (const value of refused) expect([value, Boolean(holds(value))]).toEqual([value, false])
    },
  )
})
