/** What has the structure of a ciphertext, looked at without a key. */
import { describe, expect, test } from '@jest/globals'
import { isCiphertext, isJwe, isMessage } from '../../src/matchers/ciphertext.ts'

const part = '000170 000169 000163'
const zeros = (bytes: number) => '00'.repeat(bytes)
const head = (suite = '0478', keys = `0001 ${part}`, type = '02', frame = '00000010', version = '02') =>
  `${version} ${suite} ${zeros(32)} 0000 ${keys} ${type} ${frame} ${zeros(48)}`
const last = (length = 3) =>
  `ffffffff 00000001 ${zeros(12)} ${length.toString(16).padStart(8, '0')} ${zeros(length + 16)}`
const regular = `00000001 ${zeros(12 + 16 + 16)}`
const base64 = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex').toString('base64')
const framed = `${head()} ${last()}`

describe('a message', () => {
  test.each([
    ['with one frame', framed],
    ['with several frames', `${head()} ${regular} ${regular} ${last(0)}`],
    ['with two keys', `${head('0478', `0002 ${part} ${part}`)} ${last()}`],
    ['with a signature', `${head('0578')} ${last()} 0002 abcd`],
    [
      'in one block',
      `${head('0478', undefined, '01', '00000000')} ${zeros(12)} ${zeros(7)}05 ${zeros(5 + 16)}`,
    ],
  ])('%s passes', (_what, hex) => {
    expect(isMessage(base64(hex))).toBe(true)
    expect(isCiphertext(base64(hex))).toBe(true)
    const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex')
    for (let length = 0; length < bytes.length; length++)
      expect(isMessage(bytes.subarray(0, length).toString('base64'))).toBe(false)
    expect(isMessage(Buffer.concat([bytes, Buffer.of(0)]).toString('base64'))).toBe(false)
  })

  test.each([
    ['another version', `${head(undefined, undefined, undefined, undefined, '01')} ${last()}`],
    ['another suite', `${head('0014')} ${last()}`],
    ['no key', `${head('0478', '0000')} ${last()}`],
    ['another type', `${head('0478', undefined, '03')} ${last()}`],
    ['frames without a length', `${head('0478', undefined, '02', '00000000')} ${last()}`],
  ])('with %s does not', (_what, hex) => expect(isMessage(base64(hex))).toBe(false))

  test('is base64, and nothing else', () => {
    const text = base64(framed)
    for (const value of [`x${text}`, ` ${text}`, `${text}\n`, `${text}=`, text.slice(0, -1), '', 5, null])
      expect(isMessage(value)).toBe(false)
  })
})

describe('a JWE', () => {
  const header = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const good = header({ alg: 'dir', enc: 'A256GCM' })

  test.each([`${good}..iv.text.tag`, `${good}.key.iv..tag`])('%s passes', (value) => {
    expect(isJwe(value)).toBe(true)
    expect(isCiphertext(value)).toBe(true)
  })

  test.each<[unknown]>([
    [`${good}...text.tag`],
    [`${good}..iv.text.`],
    [`${good}..iv.text`],
    [`${good}..iv.text.tag.x`],
    [`${good}..iv.te t.tag`],
    [`${good}..iv.text.tag=`],
    [` ${good}..iv.text.tag`],
    [`${header({ alg: 'dir' })}..iv.text.tag`],
    [`${header({ enc: 'A256GCM' })}..iv.text.tag`],
    [`${header({ alg: 1, enc: 'A256GCM' })}..iv.text.tag`],
    [`${header(null)}..iv.text.tag`],
    ['x..iv.text.tag'],
    [5],
    [null],
  ])('%j does not', (value) => expect(isJwe(value)).toBe(false))
})
