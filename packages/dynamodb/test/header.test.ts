/** The header of an item: each of its parts, and what does not fit them. */
import { createHmac } from 'node:crypto'
import { hasCode } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import type { Header } from '../src/format/header.ts'
import { readHeader, suites, writeHeader } from '../src/format/header.ts'

const commitKey = Buffer.alloc(32, 9)
const dataKey = { providerId: 'p', providerInfo: Buffer.from('info'), ciphertext: Buffer.from('sealed') }
const unsigned: Header = {
  version: 1,
  suite: suites['0x6700'],
  messageId: Buffer.alloc(32, 7),
  legend: Buffer.from('es'),
  encryptedDataKeys: [dataKey],
}
const signed: Header = { ...unsigned, suite: suites['0x6701'], publicKey: 'key' }

const hex = (text: string): string => Buffer.from(text).toString('hex')
const key = `0001${hex('p')}0004${hex('info')}0006${hex('sealed')}`
const committed = (text: string): Buffer => {
  const bytes = Buffer.from(text.replaceAll(' ', ''), 'hex')
  return Buffer.concat([bytes, createHmac('sha512', commitKey).update(bytes).digest().subarray(0, 32)])
}
const head = (version: string, flavor: string, legend: string) =>
  `${version} ${flavor} ${'07'.repeat(32)} 0002 ${hex(legend)}`

const asUnsigned = committed(`${head('01', '00', 'es')} 0000 01 ${key}`)
const asSigned = committed(
  `${head('01', '01', 'es')} 0001 0015 ${hex('aws-crypto-public-key')} 0003 ${hex('key')} 01 ${key}`,
)

describe('a header', () => {
  test.each([
    ['unsigned', unsigned, asUnsigned],
    ['signed', signed, asSigned],
    [
      'with attributes in the context',
      { ...unsigned, version: 2, legend: Buffer.from('ec') } as Header,
      committed(`${head('02', '00', 'ec')} 0000 01 ${key}`),
    ],
  ])('%s is written and read as the specification says', (_what, header, bytes) => {
    expect(writeHeader(header, commitKey).toString('hex')).toBe(bytes.toString('hex'))
    const { publicKey, ...rest } = header
    const read = readHeader(bytes, 1)
    expect(read).toMatchObject(rest)
    expect(read.publicKey).toBe(publicKey)
    expect(read.bytes).toEqual(bytes)
    expect(read.committed).toEqual(bytes.subarray(0, -32))
    expect(read.commitment).toEqual(bytes.subarray(-32))
  })

  test('holds parts of up to 65,535 bytes, and 1 to 255 encrypted data keys', () => {
    const long = (length: number) => ({ ...unsigned, legend: Buffer.alloc(length, 's') })
    const keys = (count: number) => ({ ...unsigned, encryptedDataKeys: Array(count).fill(dataKey) })
    const ciphertext = (length: number) => ({
      ...unsigned,
      encryptedDataKeys: [{ ...dataKey, ciphertext: Buffer.alloc(length) }],
    })
    for (const header of [long(0), long(0xffff), keys(1), keys(255), ciphertext(0xffff)])
      expect(readHeader(writeHeader(header, commitKey), 255)).toMatchObject(header)
    for (const header of [long(0x10000), keys(0), keys(256), ciphertext(0x10000)])
      expect(() => writeHeader(header, commitKey)).toThrow(
        hasCode('ERR_ENCRYPT_FAILED', {
          message: 'The legend or an encrypted data key does not fit the header of an item',
        }),
      )
  })

  test('is in a memory of its own, and does not change when what was read does', () => {
    const written = writeHeader(unsigned, commitKey)
    expect([written.byteOffset, written.buffer.byteLength]).toEqual([0, written.length])
    const bytes = Buffer.from(asUnsigned)
    const read = readHeader(bytes, 1)
    bytes.fill(0)
    expect(read.bytes).toEqual(asUnsigned)
  })

  const refused = hasCode('ERR_DECRYPT_FAILED')

  test.each([
    ['unsigned', asUnsigned],
    ['signed', asSigned],
  ])('%s is refused when it is cut, or goes on', (_what, bytes) => {
    for (let length = 0; length < bytes.length; length++)
      expect(() => readHeader(bytes.subarray(0, length), 1)).toThrow()
    expect(() => readHeader(Buffer.concat([bytes, Buffer.of(0)]), 1)).toThrow(refused)
  })

  test('with more encrypted data keys than are allowed is refused', () => {
    const two = writeHeader({ ...unsigned, encryptedDataKeys: [dataKey, dataKey] }, commitKey)
    expect(readHeader(two, 2).encryptedDataKeys).toHaveLength(2)
    expect(() => readHeader(two, 1)).toThrow(refused)
  })

  test.each([
    ['version 0', `${head('00', '00', 'es')} 0000 01 ${key}`],
    ['version 3', `${head('03', '00', 'es')} 0000 01 ${key}`],
    ['an unknown suite', `${head('01', '02', 'es')} 0000 01 ${key}`],
    ['a context in version 1', `${head('01', '00', 'ec')} 0000 01 ${key}`],
    ['no context in version 2', `${head('02', '00', 'es')} 0000 01 ${key}`],
    ['an unknown action', `${head('01', '00', 'ex')} 0000 01 ${key}`],
    ['no encrypted data key', `${head('01', '00', 'es')} 0000 00`],
    ['no public key in a signed suite', `${head('01', '01', 'es')} 0000 01 ${key}`],
    [
      'a public key in an unsigned suite',
      `${head('01', '00', 'es')} 0001 0015 ${hex('aws-crypto-public-key')} 0003 ${hex('key')} 01 ${key}`,
    ],
    [
      'a pair by another name',
      `${head('01', '01', 'es')} 0001 0015 ${hex('aws-crypto-public-kez')} 0003 ${hex('key')} 01 ${key}`,
    ],
    [
      'two pairs',
      `${head('01', '01', 'es')} 0002 0015 ${hex('aws-crypto-public-key')} 0003 ${hex('key')} 0001 61 0001 61 01 ${key}`,
    ],
    [
      'a public key that is no UTF-8',
      `${head('01', '01', 'es')} 0001 0015 ${hex('aws-crypto-public-key')} 0001 ff 01 ${key}`,
    ],
  ])('with %s is refused', (_what, text) => {
    expect(() => readHeader(committed(text), 1)).toThrow(refused)
  })
})
