/** The pitfalls of the format, by the numbers of the format document's section 5; one test or more for each. */
import { createCipheriv, createHash, createHmac, createPublicKey, hkdfSync, verify } from 'node:crypto'
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb'
import type { Keyring } from '@glassine/keys'
import { describe, expect, test } from '@jest/globals'
import { readAttribute } from '../src/attributes/deserialise.ts'
import { canonicalPath } from '../src/attributes/plan.ts'
import { writeAttribute } from '../src/attributes/serialise.ts'
import { Writer } from '../src/attributes/writer.ts'
import { type AttributeValue, type Item, itemEncryptorOfActions, itemOfImage } from '../src/index.ts'
import { testKeyring } from './support/keyrings.ts'

type Options = Parameters<typeof itemEncryptorOfActions>[0]
const keyring = testKeyring()
const encryptorOf = (attributeActions: Options['attributeActions'], more: Partial<Options> = {}) =>
  itemEncryptorOfActions({
    table: 'T',
    partitionKey: 'id',
    suite: '0x6700',
    keys: keyring,
    attributeActions,
    ...more,
  })
const simple = encryptorOf({ id: 'SIGN_ONLY', secret: 'ENCRYPT_AND_SIGN', open: 'SIGN_ONLY' })
const item: Item = { id: { S: '1' }, secret: { S: 'x' }, open: { S: 'y' } }
const bytesOf = (of: Item, name: string): Buffer => Buffer.from((of[name] as { B: Uint8Array }).B)
const hkdf = (key: Buffer, info: Buffer | string): Buffer =>
  Buffer.from(hkdfSync('sha512', key, '', info, 32))

const serialised = (value: AttributeValue): Buffer => {
  const out = new Writer(Buffer.alloc(16))
  writeAttribute(out, value)
  return out.buffer.subarray(0, out.at)
}

/** Notes what the keyring gave and was given, before the package zeroes it. */
const noting = () => {
  const seen: { intermediateKey: Buffer; context: Buffer; pairs: Readonly<Record<string, string>> }[] = []
  const spy: Keyring = {
    ...keyring,
    generate: async (request) => {
      const made = await keyring.generate(request)
      const { bytes, pairs } = request.context
      seen.push({ intermediateKey: Buffer.from(made.dataKey), context: Buffer.from(bytes), pairs })
      return made
    },
  }
  return { spy, seen }
}

describe('1: hashes and signatures', () => {
  test('the commitment is HMAC-SHA512, not SHA384', async () => {
    const { spy, seen } = noting()
    const encryptor = encryptorOf({ id: 'SIGN_ONLY', secret: 'ENCRYPT_AND_SIGN' }, { keys: spy })
    const head = bytesOf(await encryptor.encryptItem({ id: { S: '1' }, secret: { S: 'x' } }), 'aws_dbe_head')
    const { intermediateKey } = seen[0]!
    // The data key is in the first 32 bytes of the one encrypted data key: AES-GCM is a key stream from counter 2.
    const at = head.length - 32 - 140
    const stream = createCipheriv(
      'aes-256-ctr',
      hkdf(intermediateKey, 'AWS_MPL_INTERMEDIATE_KEYWRAP_ENC'),
      Buffer.from('00000000000000000000000000000002', 'hex'),
    )
    const dataKey = stream.update(head.subarray(at, at + 32))
    const commitKey = hkdf(dataKey, Buffer.concat([Buffer.from('AWS_DBE_COMMIT_KEY'), head.subarray(2, 34)]))
    const committed = head.subarray(0, -32)
    const of = (hash: string) => createHmac(hash, commitKey).update(committed).digest().subarray(0, 32)
    expect(head.subarray(-32).equals(of('sha512'))).toBe(true)
    expect(head.subarray(-32).equals(of('sha384'))).toBe(false)
  })

  test('the signature is DER of 103 bytes over the footer’s hash, hashed again, under a compressed point', async () => {
    const { spy, seen } = noting()
    const encryptor = encryptorOf({ id: 'SIGN_ONLY' }, { keys: spy, suite: '0x6701' })
    const encrypted = await encryptor.encryptItem({ id: { S: '1' } })
    const foot = bytesOf(encrypted, 'aws_dbe_foot')
    expect(foot).toHaveLength(48 + 103)
    const { context, pairs } = seen[0]!
    const point = Buffer.from(pairs['aws-crypto-public-key']!, 'base64')
    expect(point).toHaveLength(49)
    expect([2, 3]).toContain(point[0])

    const length = Buffer.alloc(8)
    length.writeUInt32BE(context.length, 4)
    const value = Buffer.from(
      '\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0001PLAINTEXT\u0000\u00011',
      'latin1',
    )
    const hash = createHash('sha384')
      .update(Buffer.concat([bytesOf(encrypted, 'aws_dbe_head'), length, context]))
      .update(Buffer.concat([canonicalPath('T', 'id'), value]))
      .digest()
    const spki = Buffer.from('3046301006072a8648ce3d020106052b81040022033200', 'hex')
    const key = createPublicKey({ key: Buffer.concat([spki, point]), format: 'der', type: 'spki' })
    // `verify` hashes what it is given: that is the second time.
    expect(verify('sha384', hash, key, foot.subarray(48))).toBe(true)
  })
})

describe('2: units and order', () => {
  test('a canonical path counts UTF-16 code units, and holds UTF-8', () => {
    const path = canonicalPath('T', '𐀂')
    expect(path.toString('hex')).toBe(`54${'0000000000000001'}24${'0000000000000002'}f0908082`)
  })

  test('fields go by length in UTF-16 units, then by bytes; sets and maps by UTF-16 units', async () => {
    const names = ['\uFFFD', '𐀂', 'a', 'zz']
    const actions = ['ENCRYPT_AND_SIGN', 'SIGN_ONLY', 'ENCRYPT_AND_SIGN', 'ENCRYPT_AND_SIGN'] as const
    const encryptor = encryptorOf({
      id: 'SIGN_ONLY',
      ...Object.fromEntries(names.map((name, at) => [name, actions[at]!])),
    })
    const values = Object.fromEntries(names.map((name) => [name, { S: name }]))
    const head = bytesOf(await encryptor.encryptItem({ id: { S: '1' }, ...values }), 'aws_dbe_head')
    // a and U+FFFD have one unit; id, zz and U+10002 have two, and of these U+10002 comes last by its bytes.
    expect(head.toString('latin1', 36, 41)).toBe('eeses')

    // By units, U+10002 (D800 DC02) comes before U+FFFD; by bytes it would come after.
    const set = serialised({ SS: ['\uFFFD', '𐀂'] })
    expect(set.indexOf(Buffer.from('𐀂'))).toBeLessThan(set.indexOf(Buffer.from('\uFFFD')))
    const map = serialised({ M: { '\uFFFD': { NULL: true }, 𐀂: { NULL: true } } })
    expect(map.indexOf(Buffer.from('𐀂'))).toBeLessThan(map.indexOf(Buffer.from('\uFFFD')))
  })

  test('names in the encryption context go by bytes', async () => {
    const { spy, seen } = noting()
    const include = 'SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT' as const
    const encryptor = encryptorOf({ id: include, '\uFFFD': include, 𐀂: include }, { keys: spy })
    await encryptor.encryptItem({ id: { S: '1' }, '\uFFFD': { N: '1' }, 𐀂: { NULL: true } })
    const { context, pairs } = seen[0]!
    expect(context.indexOf(Buffer.from('attr.\uFFFD'))).toBeLessThan(context.indexOf(Buffer.from('attr.𐀂')))
    expect(pairs['aws-crypto-legend']).toBe('SNL')
  })
})

test('3: a leading byte order mark is part of the text', async () => {
  const values: Item = {
    id: { S: '\uFEFF1' },
    secret: { M: { '\uFEFFkey': { S: '\uFEFF' }, set: { SS: ['\uFEFFa', 'a'] } } },
    open: { S: '\uFEFF' },
  }
  expect(await simple.decryptItem(await simple.encryptItem(values))).toEqual({
    ...values,
    secret: { M: { '\uFEFFkey': { S: '\uFEFF' }, set: { SS: ['a', '\uFEFFa'] } } },
  })
})

test('4: a lone surrogate is refused wherever text may stand', async () => {
  const wrong: AttributeValue[] = [
    { S: 'a\uD800' },
    { SS: ['\uDC00'] },
    { L: [{ S: '\uD800' }] },
    { M: { '\uD800': { NULL: true } } },
  ]
  for (const name of ['id', 'secret', 'open'])
    for (const value of wrong)
      await expect(simple.encryptItem({ ...item, [name]: value })).rejects.toMatchObject({
        code: 'ERR_VALUE_INVALID',
        cause: { path: `/${name}` },
      })
})

describe('5: numbers', () => {
  test('out of range or with too many digits are refused', async () => {
    for (const N of ['1e126', '1e127', '1e-131', '1'.repeat(39)])
      await expect(simple.encryptItem({ ...item, secret: { N } })).rejects.toMatchObject({
        code: 'ERR_VALUE_INVALID',
      })
  })

  test('of 38 digits keep every one of them', async () => {
    const numbers = ['12345678901234567890123456789012345678', '0.1234567890123456789012345678901234567']
    for (const N of [...numbers, `0.${'0'.repeat(129)}1`])
      expect(await simple.decryptItem(await simple.encryptItem({ ...item, secret: { N } }))).toEqual({
        ...item,
        secret: { N },
      })
  })
})

describe('6: strict reading', () => {
  test('a tag shortened to what Node would take is refused', async () => {
    const encrypted = await simple.encryptItem(item)
    for (const bytes of [4, 8, 12, 15]) {
      const short = bytesOf(encrypted, 'secret').subarray(0, bytes - 16)
      await expect(simple.decryptItem({ ...encrypted, secret: { B: short } })).rejects.toMatchObject({
        code: 'ERR_DECRYPT_FAILED',
      })
    }
  })

  test.each<[string, number, string]>([
    ['bytes behind a boolean', 0x0004, '0100'],
    ['a boolean of 2', 0x0004, '02'],
    ['a boolean of no bytes', 0x0004, ''],
    ['NULL with a byte', 0x0000, '00'],
    ['an unknown type', 0x0003, ''],
    ['text that is no UTF-8', 0x0001, 'ff'],
    ['a surrogate in UTF-8', 0x0001, 'eda080'],
    ['a set cut short', 0x0101, '000000020000000161'],
    ['a set with bytes behind it', 0x0101, '00000001000000016100'],
    ['a count that nothing follows', 0x0300, 'ffffffff'],
    ['a count cut short', 0x0300, '0000'],
    ['a list whose element is longer than it says', 0x0300, '0000000100040000000001'],
    ['a list whose element is shorter than it says', 0x0300, '000000010004000000020100'],
    ['a list in a list that is longer than it says', 0x0300, '00000001 0300 00000003 00000000'],
    ['a list in a list that is shorter than it says', 0x0300, '00000001 0300 00000005 00000000 00'],
    [
      'a list in a map that is longer than it says',
      0x0200,
      '00000001 0001 00000001 61 0300 00000003 00000000',
    ],
    ['a map whose key is no string', 0x0200, '000000010002000000013100000000 0000'],
    ['a map with a name twice', 0x0200, `00000002${'000100000001610000000000 00'.repeat(2)}`],
    ['a map with an empty name', 0x0200, '000000010001 00000000 0000 00000000'],
    ['a map with a name of 65,536 bytes', 0x0200, `0000000100010001 0000${'61'.repeat(65_536)}0000 00000000`],
    ['a set with a text twice', 0x0101, `00000002${'0000000161'.repeat(2)}`],
    ['a set with a number twice in two notations', 0x0102, '00000002 0000000131 00000003312e30'],
    ['a set with bytes twice', 0x01ff, `00000002${'00000001ff'.repeat(2)}`],
  ])('in a serialised value: %s', (_, typeId, hex) => {
    expect(() => readAttribute(typeId, Buffer.from(hex.replaceAll(' ', ''), 'hex'))).toThrow()
  })
})

describe('7: the document client', () => {
  test('its values are encrypted as the attribute values that it makes of them', async () => {
    const document = {
      id: '1',
      secret: { list: [1, 'a', null, true], bytes: new Uint8Array([1, 2]), set: new Set(['b', 'a']) },
      open: undefined,
    }
    const marshalled = marshall(document, { removeUndefinedValues: true })
    const opened = unmarshall(await simple.decryptItem(await simple.encryptItem(marshalled)))
    expect(opened).toEqual({ id: '1', secret: { ...document.secret, set: new Set(['a', 'b']) } })
  })

  test('a Buffer and a Uint8Array are the same bytes; Uint8Arrays come back, each with a memory of its own', async () => {
    const values = [Buffer.from([1, 2, 3]), new Uint8Array([0, 1, 2, 3]).subarray(1)]
    for (const B of values) {
      const encrypted = await simple.encryptItem({
        ...item,
        secret: { L: [{ B }, { BS: [B] }] },
        open: { B },
      })
      const plain = new Uint8Array([1, 2, 3])
      const { secret } = await simple.decryptItem(encrypted)
      expect(secret).toStrictEqual({ L: [{ B: plain }, { BS: [plain] }] })
      for (const name of ['secret', 'aws_dbe_head', 'aws_dbe_foot']) {
        const { B: stored } = encrypted[name] as { B: Uint8Array }
        expect(Object.getPrototypeOf(stored)).toBe(Uint8Array.prototype)
        expect(stored.buffer.byteLength).toBe(stored.length)
      }
    }
  })

  test('an empty set is refused, which DynamoDB would refuse too', async () => {
    const wrong = [{ SS: [] }, { NS: [] }, { BS: [] }, { L: [{ SS: [] }] }] as AttributeValue[]
    for (const secret of wrong)
      await expect(simple.encryptItem({ ...item, secret })).rejects.toMatchObject({
        code: 'ERR_VALUE_INVALID',
      })
  })
})

test('8: what is only signed comes back as given, and verifies in any notation of the same value', async () => {
  const open = { M: { n: { N: '1.50e1' }, set: { NS: ['2.0', '1'] } } }
  const encrypted = await simple.encryptItem({ ...item, open })
  expect(encrypted.open).toBe(open)
  expect((await simple.decryptItem(encrypted)).open).toBe(open)
  // DynamoDB itself gives numbers and sets back in another notation and order.
  const rewritten = { M: { set: { NS: ['1', '2'] }, n: { N: '15' } } }
  expect((await simple.decryptItem({ ...encrypted, open: rewritten })).open).toBe(rewritten)
  const other = { M: { set: { NS: ['1', '2'] }, n: { N: '15.1' } } }
  await expect(simple.decryptItem({ ...encrypted, open: other })).rejects.toMatchObject({
    code: 'ERR_DECRYPT_FAILED',
  })
})

test('9: what an update or a projection leaves of an item does not verify', async () => {
  const encrypted = await simple.encryptItem(item)
  const { open: _, ...projected } = encrypted
  const { id, aws_dbe_head, aws_dbe_foot } = encrypted
  const keysOnly = { id, aws_dbe_head, aws_dbe_foot } as Item
  for (const wrong of [{ ...encrypted, open: { S: 'updated' } }, projected, keysOnly])
    await expect(simple.decryptItem(wrong)).rejects.toMatchObject({ code: 'ERR_DECRYPT_FAILED' })
})

test('10: an image of a stream record opens away from the table; a record of keys alone does not', async () => {
  const values: Item = {
    ...item,
    open: { M: { list: { L: [{ B: new Uint8Array([1]) }, { BS: [new Uint8Array([2])] }] } } },
  }
  const image = JSON.parse(
    JSON.stringify(await simple.encryptItem(values), (_, value) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value,
    ),
  )
  expect(await simple.decryptItem(itemOfImage(image))).toEqual(values)
  await expect(simple.decryptItem(itemOfImage({ id: image.id }))).rejects.toMatchObject({
    code: 'ERR_DECRYPT_FAILED',
  })
  for (const wrong of [{ id: null }, { id: 'text' }] as any[])
    expect(() => itemOfImage(wrong)).toThrow(expect.objectContaining({ code: 'ERR_VALUE_INVALID' }))
})

test('11: the encryption context is never empty; a header stores none of it without a signature', async () => {
  const { spy, seen } = noting()
  const encryptor = encryptorOf({ id: 'SIGN_ONLY' }, { keys: spy })
  const head = bytesOf(await encryptor.encryptItem({ id: { S: '' } }), 'aws_dbe_head')
  expect(head.readUInt16BE(36 + 1)).toBe(0)
  expect(seen[0]!.context.readUInt16BE(0)).toBe(3)
})

describe('depth', () => {
  const nested = (levels: number, leaf: AttributeValue): AttributeValue =>
    levels === 0 ? leaf : nested(levels - 1, levels % 2 ? { L: [leaf] } : { M: { a: leaf } })

  test.each(['secret', 'open'])('of 32 levels is accepted, of 33 refused: %s', async (name) => {
    const deep = { ...item, [name]: nested(31, { S: 'leaf' }) }
    expect(await simple.decryptItem(await simple.encryptItem(deep))).toEqual(deep)
    const empty = { ...item, [name]: nested(31, { L: [] }) }
    expect(await simple.decryptItem(await simple.encryptItem(empty))).toEqual(empty)
    await expect(simple.encryptItem({ ...item, [name]: nested(32, { S: 'leaf' }) })).rejects.toMatchObject({
      code: 'ERR_VALUE_INVALID',
    })
  })

  test('of bytes that nest deeper is refused before the stack is spent', () => {
    let bytes = Buffer.alloc(4)
    for (let level = 0; level < 40; level++) {
      const length = Buffer.alloc(4)
      length.writeUInt32BE(bytes.length)
      bytes = Buffer.concat([Buffer.from('000000010300', 'hex'), length, bytes])
    }
    expect(() => readAttribute(0x0300, bytes)).toThrow(
      expect.objectContaining({ code: 'ERR_DECRYPT_FAILED' }),
    )
  })
})
