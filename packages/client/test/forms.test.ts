/** Texts of a form, as the client reads them: the whole of them counts. */
import { describe, expect, test } from '@jest/globals'
import { parseJwe } from '../src/jwe.ts'
import { originOf } from '../src/options.ts'

describe('the origin of a URL', () => {
  test.each([
    ['https://api.example.com', 'https://api.example.com'],
    ['https://api.example.com/', 'https://api.example.com'],
    ['https://api.example.com/v1?x=1', 'https://api.example.com'],
    ['https://api.example.com?x', 'https://api.example.com'],
    ['HTTPS://API.Example.com', 'https://api.example.com'],
    ['https://api.example.com:443/v1', 'https://api.example.com'],
    ['https://api.example.com:4430', 'https://api.example.com:4430'],
    ['https://api.example.com:8443/', 'https://api.example.com:8443'],
    ['https://[::1]:3000/x', 'https://[::1]:3000'],
    ['http://LOCALHOST:3000/v1', 'http://localhost:3000'],
    ['ftp://api.example.com', undefined],
    ['xhttps://api.example.com', undefined],
    [' https://api.example.com', undefined],
    ['https://', undefined],
    ['https:///x', undefined],
    ['http://', undefined],
    ['http://user@localhost', undefined],
    ['https://user@api.example.com', undefined],
    ['https://api.example.com#x', undefined],
    ['api.example.com', undefined],
    ['', undefined],
  ])('%j is %j', (url, origin) => expect(originOf(url)).toBe(origin))
})

describe('a token', () => {
  const header = Buffer.from('{"alg":"dir"}').toString('base64url')
  const token = (iv = 'i'.repeat(16), text = 'text', tag = 't'.repeat(22), head = header) =>
    `${head}..${iv}.${text}.${tag}`

  test('is taken apart', () => {
    expect(parseJwe(token())).toEqual([header, { alg: 'dir' }, 'i'.repeat(16), 'text', 't'.repeat(22)])
    expect(parseJwe(token('i'.repeat(16), ''))?.[3]).toBe('')
  })

  test.each<[unknown]>([
    [`.${token()}`],
    [` ${token()}`],
    [`${token()} `],
    [`${token()}.`],
    [token('i'.repeat(15))],
    [token('i'.repeat(17))],
    [token('i'.repeat(16), 'text', 't'.repeat(21))],
    [token('i'.repeat(16), 'text', 't'.repeat(23))],
    [token('i'.repeat(16), 'te+t')],
    [token().replace('..', '.key.')],
    [token(undefined, undefined, undefined, 'eyJ')],
    [token(undefined, undefined, undefined, '')],
    [5],
    [null],
    [undefined],
    [[token()]],
  ])('is not %j', (value) => expect(parseJwe(value)).toBeUndefined())
})
