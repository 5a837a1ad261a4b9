import { defineFields } from '@glassine/core'
import { type ItemEncryptorOptions, itemEncryptor, itemEncryptorOfActions } from '@glassine/dynamodb'
import { localKeyring } from '@glassine/keys/raw-aes'
import { type Explanation, explain, leaksOf } from '@glassine/testing'
import { describe, expect, test } from '@jest/globals'

const fields = defineFields<any>('patient', {
  ssn: {},
  'address.street': {},
  clinic: { authenticated: true },
})
const keys = localKeyring()
const options: ItemEncryptorOptions = {
  table: 'Patients',
  fields,
  keys,
  partitionKey: 'clinic',
  sortKey: 'id',
  unsigned: ['ttl'],
}
const plain = {
  clinic: { S: 'canary-clinic' },
  id: { S: 'canary-id' },
  ssn: { S: 'canary-ssn' },
  address: { M: { street: { S: 'canary-street' } } },
  since: { N: '4711' },
  ttl: { N: '1' },
}
const secrets = { clinic: 'canary-clinic', id: 'canary-id', ssn: 'canary-ssn', street: 'canary-street' }
const written = (change: Partial<ItemEncryptorOptions> = {}): Promise<any> =>
  itemEncryptor({ ...options, ...change }).encryptItem(plain)
const differences = (found: Explanation) => {
  expect(leaksOf(`${JSON.stringify(found)} ${String(found)}`, secrets)).toEqual([])
  return found.differences.map(({ what, name, inCiphertext, expected }) => [
    what,
    name,
    inCiphertext,
    expected,
  ])
}

describe('an item', () => {
  test('that opens shows its table, its keys and what was done with each attribute', async () => {
    const found = await explain(await written(), options)
    expect(found).toMatchObject({ verdict: 'opens', format: 'item', differences: [] })
    expect(found.same).toEqual(
      expect.arrayContaining([
        { what: 'table', inCiphertext: 'Patients', expected: 'Patients' },
        { what: 'key attributes', inCiphertext: 'clinic, id', expected: 'clinic, id' },
        { what: 'action', name: 'ssn', inCiphertext: 'ENCRYPT_AND_SIGN', expected: 'ENCRYPT_AND_SIGN' },
        { what: 'action', name: 'since', inCiphertext: 'SIGN_ONLY', expected: 'SIGN_ONLY' },
      ]),
    )
  })

  test('without header and footer, or in the form of the document client', async () => {
    expect(differences(await explain(plain, options))).toEqual([
      ['format', 'aws_dbe_head', null, 'there'],
      ['format', 'aws_dbe_foot', null, 'there'],
    ])
    const { aws_dbe_foot: _foot, ...rest } = await written()
    expect(differences(await explain(rest, options))).toEqual([['format', 'aws_dbe_foot', null, 'there']])
    const { aws_dbe_head: head, aws_dbe_foot: foot } = await written()
    const document = { clinic: 'c', aws_dbe_head: head.B, aws_dbe_foot: foot.B }
    expect(differences(await explain(document, options))).toEqual([
      ['format', undefined, 'values of the document client', 'attribute values, as `{ S: ... }`'],
    ])
  })

  test('of a table with several models is compared with the model that it names', async () => {
    const { fields, ...shared } = options
    const several = {
      ...shared,
      models: { attribute: 'type', patient: fields!, visit: defineFields<any>('visit', { text: {} }) },
    }
    const typed = { ...plain, type: { S: 'patient' } }
    const found = await explain(await itemEncryptor(several).encryptItem(typed), several)
    expect(found).toMatchObject({ verdict: 'opens', differences: [] })
    const { type: _, ...untyped } = await itemEncryptor(several).encryptItem(typed)
    expect(differences(await explain(untyped, several))).toEqual([
      ['model', 'type', 'none of them', 'one of patient, visit'],
    ])
  })

  test('from which an attribute was taken, or to which one was added', async () => {
    const { since: _since, ...less } = await written()
    expect(differences(await explain(less, options))).toEqual([
      ['set', undefined, '5 signed attributes', '4 signed attributes'],
    ])
    expect(differences(await explain({ ...(await written()), more: { S: 'x' } }, options))).toEqual([
      ['set', undefined, '5 signed attributes', '6 signed attributes'],
    ])
  })

  test('whose writer declared other fields', async () => {
    const other = defineFields<any>('patient', { ssn: {} })
    expect(differences(await explain(await written({ fields: other }), options))).toEqual([
      ['action', 'address', 'SIGN_ONLY', 'ENCRYPT_AND_SIGN'],
    ])
  })

  test('whose writer had other keys', async () => {
    expect(differences(await explain(await written({ sortKey: undefined }), options))).toEqual([
      ['key attributes', undefined, 'clinic', 'clinic, id'],
    ])
    const swapped = await written({ partitionKey: 'id', sortKey: 'clinic' })
    expect(differences(await explain(swapped, options))).toEqual([
      ['key attributes', undefined, 'id, clinic', 'clinic, id'],
    ])
  })

  test('of another table, which it does not tell by itself', async () => {
    const item = await written({ table: 'Others' })
    const found = await explain(item, options)
    expect(differences(found)).toMatchObject([
      ['context', undefined, expect.any(String), 'table Patients, key clinic, id'],
    ])
    expect(found.differences[0]?.tried).toContain('table Patients, key clinic')
    expect(differences(await explain(item, { ...options, sent: { table: 'Others' } }))).toEqual([
      ['table', undefined, 'Others', 'Patients'],
    ])
  })

  test('of a table whose key holds the tenant says that the call has none, or another one', async () => {
    const held = { ...options, partitionKey: { name: 'clinic', tenant: 'tenant' } }
    const of = (tenant: string) => ({ binding: { tenant } })
    const item = await itemEncryptor(held).encryptItem(plain, of('canary-clinic'))
    const asked = (invocation?: object) => explain(item, { ...held, ...(invocation && { invocation }) })
    expect(differences(await asked())).toEqual([['binding', 'tenant', 'in clinic', null]])
    expect(differences(await asked({ binding: {} }))).toEqual([['binding', 'tenant', 'in clinic', null]])
    expect(differences(await asked(of('t-2')))).toEqual([
      ['binding', 'tenant', "not the call's", "the call's"],
    ])
    expect(await asked(of('canary-clinic'))).toMatchObject({ verdict: 'opens' })
    expect(await asked({ tenant: 'canary-clinic' })).toMatchObject({ verdict: 'opens' })
  })

  test('under another key, or with a changed byte', async () => {
    const expected = 'table Patients, key clinic, id'
    expect(differences(await explain(await written({ keys: localKeyring() }), options))).toEqual([
      [
        'context',
        undefined,
        `the raw key does not unwrap it: changed, another key, or another encryption context; here the logical table is Patients, and the key clinic, id`,
        expected,
      ],
    ])
    expect(differences(await explain({ ...(await written()), since: { N: '4712' } }, options))).toEqual([
      ['context', undefined, 'a signed or encrypted attribute or the footer was changed', expected],
    ])
  })

  test('with attributes in the encryption context', async () => {
    const include = { ...options, signAndInclude: ['since'] }
    expect(differences(await explain(await written(include), include))).toEqual([])
    // The item says itself what was done with it; a reader without the option opens it too.
    expect(differences(await explain(await written(include), options))).toEqual([])
  })

  test('of a writer with explicit actions', async () => {
    const writer = itemEncryptorOfActions({
      table: 'Patients',
      keys,
      partitionKey: 'clinic',
      sortKey: 'id',
      attributeActions: {
        clinic: 'SIGN_ONLY',
        id: 'SIGN_ONLY',
        ssn: 'SIGN_ONLY',
        address: 'ENCRYPT_AND_SIGN',
        since: 'ENCRYPT_AND_SIGN',
        ttl: 'DO_NOTHING',
      },
      unsigned: ['ttl'],
    })
    const { ttl: _ttl, ...item } = plain
    expect(differences(await explain(await writer.encryptItem(item), options))).toEqual([
      ['action', 'ssn', 'SIGN_ONLY', 'ENCRYPT_AND_SIGN'],
      ['action', 'since', 'ENCRYPT_AND_SIGN', 'SIGN_ONLY'],
    ])
  })
})
