/** The headers of requests and responses: where they are, in which spelling, and how many values they have. */
import { describe, expect, test } from '@jest/globals'
import type { EventSource } from '../src/event-source.ts'
import {
  addHeader,
  dropHeaders,
  exposeHeader,
  type HttpResponse,
  listValues,
  oneValue,
  requestHeaders,
  wantsMultiValue,
} from '../src/headers.ts'

const entries = (event: unknown, source: EventSource) => Object.fromEntries(requestHeaders(event, source))

describe('the headers of a request', () => {
  test.each<[string, unknown, EventSource, object]>([
    [
      'in both places, in any case, each different value once',
      {
        headers: { Host: 'a', 'X-One': '1' },
        multiValueHeaders: { host: ['a', 'b', 'b'], 'x-two': ['2'] },
      },
      'rest',
      { host: ['a', 'b'], 'x-one': ['1'], 'x-two': ['2'] },
    ],
    ['in two spellings', { headers: { Host: 'a', hOST: 'b' } }, 'http-api', { host: ['a', 'b'] }],
    [
      'of AppSync, where null is none',
      { request: { headers: { Host: 'a', 'x-none': null } }, headers: { other: 'x' } },
      'appsync',
      { host: ['a'] },
    ],
    [
      'of a batch of AppSync',
      [{ request: { headers: { host: 'a' } } }, { request: { headers: { host: 'b' } } }],
      'appsync',
      { host: ['a', 'b'] },
    ],
    [
      'of the edge',
      {
        Records: [{ cf: { request: { headers: { host: [{ key: 'Host', value: 'a' }], x: [{}] } } } }],
        headers: { other: 'x' },
      },
      'edge-viewer',
      { host: ['a'], x: [''] },
    ],
    [
      'that are no texts',
      { headers: { a: 5, b: [], c: [5, 'x'], d: {}, e: undefined } },
      'rest',
      { a: [''], b: [''], c: ['', 'x'], d: [''] },
    ],
    ['that are none', { headers: null, multiValueHeaders: 'x' }, 'rest', {}],
    ['that are inherited', { headers: Object.create({ host: 'a' }) }, 'rest', {}],
  ])('%s', (_what, event, source, expected) => {
    expect(entries(event, source)).toEqual(expected)
  })

  test('have one value, or a list of parts', () => {
    const headers = requestHeaders(
      { headers: { one: 'A', list: 'a, B ,,c' }, multiValueHeaders: { two: ['x', 'y,Z'] } },
      'rest',
    )
    expect(oneValue(headers, 'one')).toBe('A')
    expect(oneValue(headers, 'two')).toBeUndefined()
    expect(oneValue(headers, 'none')).toBeUndefined()
    expect(listValues(headers, 'list')).toEqual(['a', 'b', '', 'c'])
    expect(listValues(headers, 'two')).toEqual(['x', 'y', 'z'])
    expect(listValues(headers, 'none')).toBeUndefined()
  })
})

describe('the headers of a response', () => {
  test.each<[object, EventSource, boolean]>([
    [{ multiValueHeaders: {} }, 'alb', true],
    [{ multiValueHeaders: {}, headers: {} }, 'alb', false],
    [{ headers: {} }, 'alb', false],
    [{}, 'alb', false],
    [{ multiValueHeaders: {} }, 'rest', false],
  ])('for %j of %s are multi-value: %p', (event, source, expected) => {
    expect(wantsMultiValue(event, source)).toBe(expected)
  })

  test('are added where none of that name is, and the holder is not written to', () => {
    const headers = { A: '1' }
    const response: HttpResponse = { headers }
    addHeader(response, 'b', '2', false)
    addHeader(response, 'a', '3', false)
    expect(response).toEqual({ headers: { A: '1', b: '2' } })
    expect(headers).toEqual({ A: '1' })
    addHeader(response, 'c', '4', true)
    addHeader(response, 'C', '5', false)
    expect(response).toEqual({ headers: { A: '1', b: '2' }, multiValueHeaders: { c: ['4'] } })
    const empty: HttpResponse = {}
    addHeader(empty, 'a', '1', undefined)
    expect(empty).toEqual({ headers: { a: '1' } })
  })

  test('are shown to pages of other origins', () => {
    const response: HttpResponse = {}
    exposeHeader(response, 'Encryption-Proof', 'x', false)
    expect(response).toEqual({
      headers: { 'Encryption-Proof': 'x', 'Access-Control-Expose-Headers': 'Encryption-Proof' },
    })
    const many: HttpResponse = {}
    exposeHeader(many, 'p', 'x', true)
    expect(many).toEqual({ multiValueHeaders: { p: ['x'], 'Access-Control-Expose-Headers': ['p'] } })
  })

  test('are removed in any case, from both holders', () => {
    const headers = { ETag: 'a', Other: 'b' }
    const multiValueHeaders = { x: ['1'] }
    const response: HttpResponse = { headers, multiValueHeaders }
    dropHeaders(response, ['etag', 'content-length'])
    expect(response).toEqual({ headers: { Other: 'b' }, multiValueHeaders: { x: ['1'] } })
    expect(headers).toEqual({ ETag: 'a', Other: 'b' })
    expect(response.multiValueHeaders).toBe(multiValueHeaders)
  })
})
