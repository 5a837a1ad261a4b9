import { Encrypted, Masked, Model, Nested } from '@glassine/core'
import { rejection } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import { type Item, type ItemEncryptorOptions, itemEncryptor, itemEncryptorOfActions } from '../src/index.ts'
import { testKeyring } from './support/keyrings.ts'

@Model('address')
class Address {
  @Encrypted() street!: Encrypted<string>
  country!: string
}

@Model('patient')
class Patient {
  id!: string
  @Encrypted() ssn!: Encrypted<string>
  @Encrypted({ optional: true }) notes?: Encrypted<string[]>
  @Masked({ keepLast: 4 }) phone!: string
  @Nested(() => Address) address!: Address
  plan!: string
}

const keyring = testKeyring()
const options: ItemEncryptorOptions = {
  table: 'Patients',
  fields: Patient,
  partitionKey: 'id',
  keys: keyring,
  suite: '0x6700',
}
const patient: Item = {
  id: { S: 'p-1' },
  ssn: { S: '123-45-6789' },
  notes: { L: [{ S: 'seen' }] },
  phone: { S: '+41 44 123 45 67' },
  address: { M: { street: { S: 'Limmatquai 1' }, country: { S: 'CH' } } },
  plan: { S: 'basic' },
}
const isSealed = (item: Item, name: string): boolean => 'B' in item[name]!
const sealedIn = (item: Item): string[] =>
  Object.keys(item).filter((name) => isSealed(item, name) && !name.startsWith('aws_dbe_'))

describe('an item under a declaration of fields', () => {
  test('has its declared fields encrypted, with the whole attribute that they stand in, and the rest readable', async () => {
    const encryptor = itemEncryptor(options)
    const encrypted = await encryptor.encryptItem(patient)
    expect(sealedIn(encrypted)).toEqual(['ssn', 'notes', 'address'])
    expect(encrypted).toMatchObject({ id: patient.id, phone: patient.phone, plan: patient.plan })
    expect(Object.keys(encrypted)).toEqual([...Object.keys(patient), 'aws_dbe_head', 'aws_dbe_foot'])
    expect(JSON.stringify(encrypted)).not.toContain('Limmatquai')
    expect(await encryptor.decryptItem(encrypted)).toEqual(patient)
  })

  test.each([8, 80])('of %i attributes opens in any order of them', async (count) => {
    const attributes = Array.from({ length: count }, (_, at) => [`plan${(at * 37) % 101}`, { S: `${at}` }])
    const item = { ...patient, ...Object.fromEntries(attributes) }
    const encryptor = itemEncryptor({ ...options, undeclared: 'sign' })
    const encrypted = await encryptor.encryptItem(item)
    const entries = Object.entries(encrypted)
    for (const order of [entries.toReversed(), [...entries.slice(9), ...entries.slice(0, 9)]])
      expect(await encryptor.decryptItem(Object.fromEntries(order))).toEqual(item)
  })

  test('is not written to, neither in nor out', async () => {
    const before = structuredClone(patient)
    const encryptor = itemEncryptor(options)
    const encrypted = await encryptor.encryptItem(Object.freeze(patient))
    const stored = structuredClone(encrypted)
    await encryptor.decryptItem(encrypted)
    expect(patient).toEqual(before)
    expect(encrypted).toEqual(stored)
  })

  test('has no two encryptions alike', async () => {
    const encryptor = itemEncryptor(options)
    const [one, two] = [await encryptor.encryptItem(patient), await encryptor.encryptItem(patient)]
    for (const name of ['ssn', 'aws_dbe_head', 'aws_dbe_foot']) expect(one[name]).not.toEqual(two[name])
  })

  test.each(['id', 'ssn', 'address'])('is refused without %s', async (name) => {
    const { [name]: _, ...incomplete } = patient
    const error = await rejection(itemEncryptor(options).encryptItem(incomplete))
    expect(error).toMatchObject({ code: 'ERR_FIELD_MISSING', statusCode: 500, cause: { path: `/${name}` } })
  })

  test('may lack an optional field; members that are undefined are as absent as others', async () => {
    const encryptor = itemEncryptor(options)
    const item = { ...patient, notes: undefined, more: undefined } as unknown as Item
    const { notes: _, ...expected } = patient
    expect(await encryptor.decryptItem(await encryptor.encryptItem(item))).toEqual(expected)
    await expect(
      encryptor.encryptItem({ ...patient, ssn: undefined } as unknown as Item),
    ).rejects.toMatchObject({
      code: 'ERR_FIELD_MISSING',
    })
  })

  test('with undeclared attributes: signed, encrypted or refused, as the option says', async () => {
    const encrypt = itemEncryptor({ ...options, undeclared: 'encrypt', signOnly: ['plan'] })
    expect(sealedIn(await encrypt.encryptItem({ ...patient, more: { N: '1' } }))).toEqual([
      ...['ssn', 'notes', 'address'],
      'more',
    ])
    const refuse = itemEncryptor({ ...options, undeclared: 'error', signOnly: ['plan'] })
    expect(sealedIn(await refuse.encryptItem(patient))).toEqual(['ssn', 'notes', 'address'])
    const error = await rejection(refuse.encryptItem({ ...patient, more: { S: 'secret' } }))
    expect(error).toMatchObject({ code: 'ERR_VALUE_INVALID', cause: { path: '/more' } })
    expect(error.message).not.toContain('secret')
  })

  test('may carry unsigned attributes, which others may change, add and remove', async () => {
    const encryptor = itemEncryptor({ ...options, unsigned: ['seen'], unsignedPrefix: ':' })
    const encrypted = await encryptor.encryptItem({ ...patient, seen: { N: '1' }, ':a': { S: 'x' } })
    const changed: Item = { ...encrypted, seen: { N: '2' }, ':b': { S: 'y' } }
    delete changed[':a']
    expect(await encryptor.decryptItem(changed)).toEqual({ ...patient, seen: { N: '2' }, ':b': { S: 'y' } })
  })

  test('has its keys in the encryption context, and on request other attributes', async () => {
    const seen: Record<string, string>[] = []
    const spy = {
      ...keyring,
      generate: (request: Parameters<typeof keyring.generate>[0]) => {
        seen.push({ ...request.context.pairs })
        return keyring.generate(request)
      },
    }
    await itemEncryptor({ ...options, keys: spy }).encryptItem(patient)
    await itemEncryptor({ ...options, keys: spy, suite: '0x6701' }).encryptItem(patient)
    const two = itemEncryptor({ ...options, keys: spy, sortKey: 'phone', signAndInclude: ['plan'] })
    await two.encryptItem(patient)
    expect(seen).toEqual([
      // 0001 is the type id of a string.
      {
        'aws-crypto-table-name': 'Patients',
        'aws-crypto-partition-name': 'id',
        'aws-crypto-attr.id': Buffer.from('\u0000\u0001p-1').toString('base64'),
      },
      {
        'aws-crypto-table-name': 'Patients',
        'aws-crypto-partition-name': 'id',
        'aws-crypto-attr.id': Buffer.from('\u0000\u0001p-1').toString('base64'),
        'aws-crypto-public-key': expect.stringMatching(/^[A-Za-z0-9+/]{66}==$/),
      },
      {
        'aws-crypto-table-name': 'Patients',
        'aws-crypto-partition-name': 'id',
        'aws-crypto-sort-name': 'phone',
        'aws-crypto-attr.id': 'p-1',
        'aws-crypto-attr.phone': '+41 44 123 45 67',
        'aws-crypto-attr.plan': 'basic',
        'aws-crypto-legend': 'SSS',
      },
    ])
    await expect(two.encryptItem({ ...patient, plan: undefined } as unknown as Item)).rejects.toMatchObject({
      code: 'ERR_FIELD_MISSING',
      cause: { path: '/plan' },
    })
  })

  test('is signed with ECDSA unless asked otherwise, as by AWS; either is read under either option', async () => {
    const { suite: _, ...byDefault } = options
    const signed = await itemEncryptor(byDefault).encryptItem(patient)
    expect((signed.aws_dbe_head as { B: Uint8Array }).B[1]).toBe(1)
    const unsigned = await itemEncryptor(options).encryptItem(patient)
    expect((unsigned.aws_dbe_head as { B: Uint8Array }).B[1]).toBe(0)
    expect(await itemEncryptor(options).decryptItem(signed)).toEqual(patient)
    expect(await itemEncryptor(byDefault).decryptItem(unsigned)).toEqual(patient)
  })

  test('written under actions opens under the fields that say the same, and the other way round', async () => {
    const { fields: _, ...table } = options
    const attributeActions = {
      id: 'SIGN_ONLY',
      phone: 'SIGN_ONLY',
      plan: 'SIGN_ONLY',
      ssn: 'ENCRYPT_AND_SIGN',
      notes: 'ENCRYPT_AND_SIGN',
      address: 'ENCRYPT_AND_SIGN',
    } as const
    const ofActions = itemEncryptorOfActions({ ...table, attributeActions })
    const ofFields = itemEncryptor(options)
    expect(await ofFields.decryptItem(await ofActions.encryptItem(patient))).toEqual(patient)
    expect(await ofActions.decryptItem(await ofFields.encryptItem(patient))).toEqual(patient)
    await expect(ofActions.encryptItem({ ...patient, more: { S: 'x' } })).rejects.toMatchObject({
      code: 'ERR_VALUE_INVALID',
      cause: { path: '/more' },
    })
  })
})

describe('an item that cannot be encrypted', () => {
  test('because it is encrypted already', async () => {
    const encryptor = itemEncryptor(options)
    const encrypted = await encryptor.encryptItem(patient)
    await expect(encryptor.encryptItem(encrypted)).rejects.toMatchObject({ code: 'ERR_ALREADY_ENCRYPTED' })
    const { aws_dbe_head: _, ...half } = encrypted
    await expect(encryptor.encryptItem(half)).rejects.toMatchObject({ code: 'ERR_ALREADY_ENCRYPTED' })
  })

  test.each<[string, unknown]>([
    ['no attribute value', 'text'],
    ['null', null],
    ['two types at once', { S: 'a', N: '1' }],
    ['an unknown type', { $unknown: ['X', 1] }],
    ['a prototype instead of a type', { constructor: 1 }],
    ['a number as a number', { N: 1 }],
    ['a number of 39 digits', { N: '1'.repeat(39) }],
    ['bytes in base64', { B: 'AQID' }],
    ['bytes in an array', { B: [1, 2, 3] }],
    ['a boolean in words', { BOOL: 'true' }],
    ['NULL that is not', { NULL: false }],
    ['an empty set', { SS: [] }],
    ['a set that is no list', { SS: 'a' }],
    ['a set of mixed types', { SS: ['a', 1] }],
    ['a set with a value twice', { SS: ['a', 'b', 'a'] }],
    ['a set with a number twice in two notations', { NS: ['1', '1.0'] }],
    ['a set with bytes twice', { BS: [new Uint8Array([1]), Buffer.from([1])] }],
    ['a set of no bytes', { BS: ['AQ=='] }],
    ['a list that is none', { L: { 0: { S: 'a' } } }],
    ['a list with a hole', { L: [{ S: 'a' }, undefined] }],
    ['a map that is a list', { M: [] }],
    ['a map that is null', { M: null }],
    ['a map with an undefined member', { M: { a: undefined } }],
    ['a map with an empty name', { M: { '': { S: 'a' } } }],
    ['a map with a name of 65,536 bytes', { M: { ['é'.repeat(32_768)]: { S: 'a' } } }],
  ])('%s: signed or encrypted, refused with the path and without the value', async (_, value) => {
    for (const name of ['ssn', 'plan']) {
      const error = await rejection(itemEncryptor(options).encryptItem({ ...patient, [name]: value } as Item))
      expect(error).toMatchObject({ code: 'ERR_VALUE_INVALID', statusCode: 500, cause: { path: `/${name}` } })
    }
  })

  test('because it is not an object', async () => {
    for (const wrong of [null, undefined, 'text'] as unknown as Item[])
      await expect(itemEncryptor(options).encryptItem(wrong)).rejects.toMatchObject({
        code: 'ERR_VALUE_INVALID',
      })
    for (const wrong of [null, undefined, 'text'] as unknown as Item[])
      await expect(itemEncryptor(options).decryptItem(wrong)).rejects.toMatchObject({
        code: 'ERR_DECRYPT_FAILED',
      })
  })

  test('because a name is reserved, empty or no Unicode', async () => {
    const encryptor = itemEncryptor(options)
    for (const name of ['aws_dbe_b_ssn', '', '\uD800'])
      await expect(encryptor.encryptItem({ ...patient, [name]: { S: 'x' } })).rejects.toMatchObject({
        code: 'ERR_VALUE_INVALID',
      })
  })

  test('because a value is too long for the encryption context', async () => {
    const encryptor = itemEncryptor({ ...options, signAndInclude: ['plan'] })
    const item = (length: number) => ({ ...patient, plan: { S: 'x'.repeat(length) } })
    await expect(encryptor.encryptItem(item(0x10000))).rejects.toMatchObject({ code: 'ERR_VALUE_INVALID' })
    expect(await encryptor.decryptItem(await encryptor.encryptItem(item(0xffff)))).toEqual(item(0xffff))
  })
})
