/**
 * The header of a message by its parts: where each is, what it may hold, and what is refused before any key is asked
 * for.
 */
import { hasCode } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import { parseContext, scanHeader } from '../src/header.ts'
import { readableSuites } from '../src/suites.ts'

const legacy = {
  name: '0x0014',
  id: 0x0014,
  version: 1,
  signed: false,
  cipherKey: () => Buffer.alloc(32),
} as const
const limits = { suites: readableSuites([legacy]), maxEncryptedDataKeys: 2, maxHeaderBytes: 256 }

interface Parts {
  start?: string
  id?: string
  context?: string
  keys?: string
  type?: string
  reserved?: string
  frame?: string
  rest?: string
}

const key = '000170 000169 000163'
const two: Parts = {
  start: '02 0478',
  id: '07'.repeat(32),
  context: '0000',
  keys: `0001 ${key}`,
  type: '02',
  reserved: '',
  frame: '00001000',
  rest: '00'.repeat(48),
}
const one: Parts = {
  ...two,
  start: '01 80 0014',
  id: '07'.repeat(16),
  reserved: '00000000 0c',
  rest: '00'.repeat(28),
}

const bytesOf = (parts: Parts): Buffer =>
  Buffer.from(
    [parts.start, parts.id, parts.context, parts.keys, parts.type, parts.reserved, parts.frame, parts.rest]
      .join('')
      .replaceAll(' ', ''),
    'hex',
  )
const scan = (parts: Parts, more: Partial<typeof limits> = {}) =>
  scanHeader(bytesOf(parts), { ...limits, ...more })

describe('the parts of a header', () => {
  test('of version 2, with a context and two keys', () => {
    const layout = scan({ ...two, context: '0003 aabbcc', keys: `0002 ${key} ${key}` })
    expect(layout).toMatchObject({
      suite: { name: '0x0478' },
      contextAt: 35,
      keysAt: 40,
      keysEnd: 60,
      framed: true,
      frameLength: 4096,
      bodyOfHeaderEnd: 97,
      tagAt: 97,
      bodyAt: 113,
    })
    expect(layout.messageId).toEqual(Buffer.alloc(32, 7))
  })

  test('of version 1, not framed', () => {
    const layout = scan({ ...one, type: '01', frame: '00000000' })
    expect(layout).toMatchObject({
      suite: { name: '0x0014' },
      contextAt: 20,
      keysAt: 22,
      keysEnd: 33,
      framed: false,
      frameLength: 0,
      bodyOfHeaderEnd: 43,
      tagAt: 55,
      bodyAt: 71,
    })
    expect(layout.messageId).toEqual(Buffer.alloc(16, 7))
  })

  test.each<[string, Parts]>([
    ['an unknown version', { ...two, start: '03 0478' }],
    ['a suite that is not allowed', { ...two, start: '02 0378' }],
    ['a suite of version 2 in version 1', { ...one, start: '01 80 0478' }],
    ['a suite of version 1 in version 2', { ...two, start: '02 0014' }],
    ['another type than customer data', { ...one, start: '01 81 0014' }],
    ['no encrypted data key', { ...two, keys: '0000' }],
    ['more encrypted data keys than are allowed', { ...two, keys: `0003 ${key} ${key} ${key}` }],
    ['an unknown type of content', { ...two, type: '03' }],
    ['the type of no content', { ...two, type: '00' }],
    ['frames without a length', { ...two, frame: '00000000' }],
    ['a length without frames', { ...two, type: '01' }],
    ['reserved bytes', { ...one, reserved: '00000001 0c' }],
    ['another length of IVs', { ...one, reserved: '00000000 0d' }],
    ['no room for the tag, version 2', { ...two, rest: '00'.repeat(47) }],
    ['no room for the tag, version 1', { ...one, rest: '00'.repeat(27) }],
  ])('%s is refused', (_what, parts) => {
    expect(() => scan(parts)).toThrow(hasCode('ERR_DECRYPT_FAILED'))
  })

  test('what is cut is refused everywhere', () => {
    for (const parts of [one, two]) {
      const bytes = bytesOf(parts)
      expect(() => scanHeader(bytes, limits)).not.toThrow()
      for (let length = 0; length < bytes.length; length++)
        expect(() => scanHeader(bytes.subarray(0, length), limits)).toThrow()
    }
  })

  test('context and encrypted data keys take as many bytes as are allowed', () => {
    const long = (length: number): Parts => ({
      ...two,
      context: `${length.toString(16).padStart(4, '0')} ${'00'.repeat(length)}`,
    })
    // 2 for the length of the context, 2 for the count, 9 for the key.
    expect(scan(long(243)).keysEnd).toBe(35 + 256)
    expect(() => scan(long(244))).toThrow(hasCode('ERR_DECRYPT_FAILED'))
    expect(() => scan(long(243), { maxHeaderBytes: 255 })).toThrow(hasCode('ERR_DECRYPT_FAILED'))
  })
})

describe('the context in a header', () => {
  const parse = (hex: string) => parseContext(Buffer.from(hex.replaceAll(' ', ''), 'hex'))

  test.each([
    ['', {}],
    ['0001 0001 61 0001 62', { a: 'b' }],
    ['0002 0001 62 0000 0001 61 0002 c3a9', { b: '', a: '\u00e9' }],
    ['0001 0009 5f5f70726f746f5f5f 0001 62', JSON.parse('{"__proto__":"b"}')],
  ])('%j is read', (hex, pairs) => {
    const read = parse(hex)
    expect(Object.entries(read)).toEqual(Object.entries(pairs))
    expect(Object.getPrototypeOf(read)).toBeNull()
  })

  test.each([
    ['a count of none', '0000'],
    ['a pair behind the count', '0001 0001 61 0001 62 0001 63 0001 64'],
    ['a byte behind the pairs', '0001 0001 61 0001 62 00'],
    ['fewer pairs than the count', '0002 0001 61 0001 62'],
    ['a name twice', '0002 0001 61 0001 62 0001 61 0001 63'],
    ['a name that is no UTF-8', '0001 0001 ff 0001 62'],
    ['a value that is no UTF-8', '0001 0001 61 0001 ff'],
    ['a value that is cut', '0001 0001 61 0002 62'],
    ['a length that is cut', '0001 0001 61 00'],
    ['half a count', '00'],
  ])('%s is refused', (_what, hex) => {
    expect(() => parse(hex)).toThrow()
  })
})
