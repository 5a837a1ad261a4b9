import { readEncryptedDataKeys, writeEncryptedDataKeys } from '@glassine/keys/internal'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'

const hex = (text: string): Buffer => Buffer.from(text, 'hex')
const keys = [
  { providerId: 'aws-kms', providerInfo: Buffer.from('arn'), ciphertext: hex('00ff') },
  { providerId: 'é', providerInfo: hex(''), ciphertext: hex('01') },
]
const written = hex('0007617773' + '2d6b6d73' + '000361726e' + '000200ff' + '0002c3a9' + '0000' + '000101')

describe('the list of encrypted data keys', () => {
  test('is written with a length of 16 bits before each part', () => {
    expect(writeEncryptedDataKeys(keys)).toEqual(written)
    expect(writeEncryptedDataKeys([])).toEqual(hex(''))
  })

  test('is read at any offset of a header, and returns where it ends', () => {
    const bytes = Buffer.concat([hex('aaaa'), written, hex('bb')])
    expect(readEncryptedDataKeys(bytes, 2, 2)).toEqual({ encryptedDataKeys: keys, end: bytes.length - 1 })
    expect(readEncryptedDataKeys(bytes, 2, 1)).toEqual({ encryptedDataKeys: keys.slice(0, 1), end: 20 })
  })

  test('is read as a view, not a copy', () => {
    const bytes = Buffer.from(written)
    const read = readEncryptedDataKeys(bytes, 0, 2)!
    bytes.fill(0x41)
    expect(read.encryptedDataKeys[0]!.ciphertext).toEqual(Buffer.from('AA'))
  })

  test('is refused if it is truncated anywhere', () => {
    for (let length = 0; length < written.length; length++)
      expect(readEncryptedDataKeys(written.subarray(0, length), 0, 2)).toBeUndefined()
    expect(readEncryptedDataKeys(written, 0, 3)).toBeUndefined()
  })

  test('is refused if a provider id is not UTF-8', () => {
    expect(readEncryptedDataKeys(hex('0001ff' + '0000' + '0000'), 0, 1)).toBeUndefined()
    expect(readEncryptedDataKeys(hex('0001' + '41' + '0001ff' + '0001ff'), 0, 1)).toBeDefined()
  })

  test.each(['providerId', 'providerInfo', 'ciphertext'] as const)(
    'takes 65,535 bytes of %s and no more',
    (part) => {
      const of = (length: number) => [
        { ...keys[0]!, [part]: part === 'providerId' ? 'x'.repeat(length) : Buffer.alloc(length) },
      ]
      const most = writeEncryptedDataKeys(of(0xffff))!
      expect(readEncryptedDataKeys(most, 0, 1)!.end).toBe(most.length)
      expect(writeEncryptedDataKeys(of(0x10000))).toBeUndefined()
    },
  )

  test('is read back as it was written', () => {
    const bytes = fc.uint8Array({ maxLength: 40 }).map((one) => Buffer.from(one))
    const text = fc.string({ unit: 'grapheme', maxLength: 10 })
    const list = fc.array(fc.record({ providerId: text, providerInfo: bytes, ciphertext: bytes }))
    fc.assert(
      fc.property(list, (given) => {
        const out = writeEncryptedDataKeys(given)!
        const expected = { encryptedDataKeys: given, end: out.length }
        expect(readEncryptedDataKeys(out, 0, given.length)).toEqual(expected)
      }),
    )
  })
})
