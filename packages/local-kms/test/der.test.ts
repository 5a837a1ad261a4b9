import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  bitString,
  octetString,
  oid,
  readElement,
  readElements,
  sequence,
  tlv,
  unsignedInteger,
  utcTime,
} from '../src/der.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

describe('DER', () => {
  // The examples of X.690 and of RFC 5280's algorithm identifiers.
  test.each([
    ['1.2.840.113549.1.7.6', '06092a864886f70d010706'],
    ['2.16.840.1.101.3.4.1.46', '060960864801650304012e'],
    ['1.2.840.10045.4.3.2', '06082a8648ce3d040302'],
    ['2.5.4.3', '0603550403'],
  ])('the OID %s has these bytes', (dotted, bytes) => {
    expect(hex(oid(dotted))).toBe(bytes)
  })

  test('integers are unsigned, in their shortest form', () => {
    expect(hex(unsignedInteger(Buffer.from('00', 'hex')))).toBe('020100')
    expect(hex(unsignedInteger(Buffer.from('0000007f', 'hex')))).toBe('02017f')
    expect(hex(unsignedInteger(Buffer.from('80', 'hex')))).toBe('02020080')
  })

  test('lengths take the long form from 128 bytes on', () => {
    expect(hex(octetString(Buffer.alloc(127)).subarray(0, 2))).toBe('047f')
    expect(hex(octetString(Buffer.alloc(128)).subarray(0, 3))).toBe('048180')
    expect(hex(octetString(Buffer.alloc(256)).subarray(0, 4))).toBe('04820100')
  })

  test('a bit string names its unused bits, and a time is UTC to the second', () => {
    expect(hex(bitString(Buffer.of(0x80), 7))).toBe('03020780')
    expect(utcTime(new Date('2031-02-03T04:05:06.789Z')).subarray(2).toString()).toBe('310203040506Z')
  })

  test('what is written is read back, and nothing else', () => {
    const seed = 7
    fc.assert(
      fc.property(
        fc.array(
          fc.record({ tag: fc.integer({ min: 1, max: 30 }), content: fc.uint8Array({ maxLength: 300 }) }),
        ),
        (elements) => {
          const written = sequence(...elements.map(({ tag, content }) => tlv(tag, content)))
          const whole = readElement(written)
          expect(whole?.end).toBe(written.length)
          const read = readElements(whole?.content ?? Buffer.alloc(0)) ?? []
          expect(read.map(({ tag, content }) => [tag, hex(content)])).toEqual(
            elements.map(({ tag, content }) => [tag, hex(content)]),
          )
          expect(readElement(written.subarray(0, -1))).toBeUndefined()
        },
      ),
      { seed, numRuns: 100 },
    )
  })

  test.each(['', '30', '3080', '308501', '30850000000001', '3005020100'])('%p is not DER', (bytes) => {
    expect(readElement(Buffer.from(bytes, 'hex'))).toBeUndefined()
  })

  test('children must fill their parent', () => {
    expect(readElements(Buffer.from('02010002', 'hex'))).toBeUndefined()
  })
})
