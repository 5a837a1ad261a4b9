// Several models in one table, told apart by an attribute.
import { GetCommand, PutCommand, QueryCommand, ScanCommand } from '@aws-sdk/lib-dynamodb'
import { defineFields } from '@glassine/core'
import { openedValues } from '@glassine/core/internal'
import { localKeyring } from '@glassine/keys/raw-aes'
import { codeOf, describeEachDynamoDB, rejection, thrown } from '@glassine/test-support'
import { describe, expect, it, test } from '@jest/globals'
import { itemEncryptor, withEncryption, withInvocation } from '../../src/index.ts'
import { useTables } from './support.ts'

const keys = localKeyring()
const patient = defineFields<{ id: string; ssn: string }>('patient', { ssn: {} })
const order = defineFields<{ id: string; card: string; ssn?: string }>('order', { card: {} })
const options = { keys, partitionKey: 'id', models: { attribute: 'type', patient, order } }
const TableName = 'Patients'
const aPatient = { id: 'm-1', type: 'patient', ssn: '078-05-1120', plan: 'basic' }
const anOrder = { id: 'm-2', type: 'order', card: '4111-1111', total: 5 }

describeEachDynamoDB('a table of several models', (kind) => {
  const fixture = useTables(kind)
  const client = () => withEncryption(fixture.raw, { tables: { Patients: options } })
  const get = (id: string) => new GetCommand({ TableName, Key: { id } })

  it('encrypts and decrypts each item by the model that it names', async () => {
    const own = client()
    for (const Item of [aPatient, anOrder]) await own.send(new PutCommand({ TableName, Item }))
    const stored = (await fixture.raw.send(get('m-1'))).Item!
    expect(stored).toMatchObject({ type: 'patient', plan: 'basic', ssn: expect.any(Uint8Array) })
    expect((await fixture.raw.send(get('m-2'))).Item).toMatchObject({
      total: 5,
      card: expect.any(Uint8Array),
    })
    expect((await own.send(get('m-1'))).Item).toEqual(aPatient)
    expect((await own.send(get('m-2'))).Item).toEqual(anOrder)
    const { Items } = await own.send(new ScanCommand({ TableName }))
    expect(Items!.toSorted((a, b) => (a.id < b.id ? -1 : 1))).toEqual([aPatient, anOrder])
  })

  it.each<[string, object]>([
    ['without the attribute', { id: 'm-3', ssn: '1' }],
    ['of a model that there is not', { ...aPatient, type: 'visit' }],
    ['named after the option', { ...aPatient, type: 'attribute' }],
    ['named after a member of every object', { ...aPatient, type: 'constructor' }],
    ['whose attribute is no text', { ...aPatient, type: 1 }],
  ])('refuses to write an item %s', async (_, Item) => {
    const error = await rejection(client().send(new PutCommand({ TableName, Item })))
    expect(error).toMatchObject({ code: 'ERR_VALUE_INVALID', cause: { path: '/type' } })
    expect(fixture.sent).toEqual([])
  })

  it('asks of an item the fields of its own model only', async () => {
    const Item = { id: 'm-4', type: 'order' }
    const error = await rejection(client().send(new PutCommand({ TableName, Item })))
    expect(error).toMatchObject({ code: 'ERR_FIELD_MISSING', cause: { path: '/card' } })
  })

  it('does not open an item whose model was exchanged', async () => {
    const own = client()
    await own.send(new PutCommand({ TableName, Item: aPatient }))
    const { type: _, ...without } = (await fixture.raw.send(get('m-1'))).Item!
    for (const Item of [{ ...without, type: 'order' }, { ...without, type: 'visit' }, without]) {
      await fixture.raw.send(new PutCommand({ TableName, Item }))
      expect(await codeOf(own.send(get('m-1')))).toBe('ERR_DECRYPT_FAILED')
    }
  })

  it('refuses a condition on what any of the models encrypts', async () => {
    const query = (name: string) =>
      new QueryCommand({
        TableName,
        KeyConditionExpression: 'id = :i',
        FilterExpression: '#n = :v',
        ExpressionAttributeNames: { '#n': name },
        ExpressionAttributeValues: { ':i': 'm-1', ':v': 'x' },
      })
    for (const name of ['ssn', 'card'])
      expect(await codeOf(client().send(query(name)))).toBe('ERR_OPERATION_REFUSED')
    expect(fixture.sent).toEqual([])
  })

  it('refuses an attribute in the clear that another of the models encrypts', async () => {
    const Item = { ...anOrder, ssn: '078-05-1120' }
    const error = await rejection(client().send(new PutCommand({ TableName, Item })))
    expect(error).toMatchObject({
      code: 'ERR_FIELD_NOT_ENCRYPTED',
      statusCode: 500,
      cause: { path: '/ssn' },
    })
    expect(fixture.sent).toEqual([])
  })

  it('writes such an attribute where the model itself declares it, or where undeclared ones are encrypted', async () => {
    const masked = defineFields<{ id: string; card: string; ssn?: string }>('order', {
      card: {},
      ssn: { masked: { keepLast: 4 } },
    })
    const Item = { ...anOrder, ssn: '078-05-1120' }
    for (const [more, stored] of [
      [{ models: { ...options.models, order: masked } }, '078-05-1120'],
      [{ undeclared: 'encrypt' as const }, expect.any(Uint8Array)],
    ] as const) {
      const own = withEncryption(fixture.raw, { tables: { Patients: { ...options, ...more } } })
      await own.send(new PutCommand({ TableName, Item }))
      expect((await fixture.raw.send(get('m-2'))).Item).toMatchObject({ ssn: stored })
    }
  })

  it('tells the invocation the values of the model that the item is of', async () => {
    const opened = openedValues()
    const own = withInvocation(client(), { opened })
    for (const Item of [aPatient, { ...anOrder, plan: 'clear-in-orders' }])
      await own.send(new PutCommand({ TableName, Item }))
    await own.send(get('m-1'))
    await own.send(get('m-2'))
    expect(opened.find('078-05-1120')?.value).toBe('078-05-1120')
    expect(opened.find('4111-1111')?.value).toBe('4111-1111')
    expect(opened.find('clear-in-orders')).toBeUndefined()
  })
})

describe('an attribute of another shape than its declared fields', () => {
  const record = defineFields<any>('shapes', {
    'rec[*].note': { optional: true },
    'map.*.note': { optional: true },
  } as never)
  const encryptor = itemEncryptor({ table: 'T', fields: record, keys, partitionKey: 'id' })
  const S = 'of another shape'
  it.each<[string, any, boolean]>([
    ['a text in place of a list', { rec: { S } }, true],
    ['a map in place of a list', { rec: { M: { a: { M: { other: { S } } } } } }, true],
    ['a set in place of a list', { rec: { SS: [S] } }, true],
    ['a text in place of an element', { rec: { L: [{ S }] } }, true],
    ['a list in place of a map', { map: { L: [{ M: { other: { S } } }] } }, true],
    ['bytes in place of a map', { map: { M: { a: { B: Buffer.from(S) } } } }, true],
    ['the declared field', { rec: { L: [{ M: { note: { S } } }] } }, true],
    ['another member beside it', { rec: { L: [{ M: { other: { S } } }] } }, false],
  ])('is remembered as a whole: %s', async (_, item, isFound) => {
    const opened = openedValues()
    await encryptor.decryptItem(await encryptor.encryptItem({ id: { S: '1' }, ...item }), { opened })
    expect(opened.find(`it is ${S}`) !== undefined).toBe(isFound)
  })
})

describe('the option models', () => {
  const made = (more: object) => () => itemEncryptor({ table: 'T', ...options, ...more } as never)
  test.each<[string, object, string]>([
    ['together with fields', { fields: patient }, 'models'],
    ['in neither form', { models: undefined }, 'fields'],
    ['without an attribute', { models: { patient, order } }, 'models.attribute'],
    ['without a model', { models: { attribute: 'type' } }, 'models'],
    [
      'with an attribute that a model encrypts',
      { models: { attribute: 'ssn', patient } },
      'models.attribute',
    ],
    ['with an attribute that is unsigned', { unsigned: ['type'] }, 'models.attribute'],
  ])('is refused %s', (_, more, option) => {
    expect(thrown(made(more))).toMatchObject({ code: 'ERR_OPTION_INVALID', cause: { option } })
  })

  test('is refused with anything but models', () => {
    expect(thrown(made({ models: { attribute: 'type', patient: {} } })).code).toBe('ERR_OPTION_INVALID')
  })

  test('works where the attribute is a key, and where other attributes are encrypted', async () => {
    const encryptor = itemEncryptor({
      table: 'T',
      keys,
      partitionKey: 'id',
      sortKey: 'type',
      undeclared: 'encrypt',
      models: { attribute: 'type', patient },
    })
    const item = { id: { S: '1' }, type: { S: 'patient' }, ssn: { S: 'x' } }
    const stored = await encryptor.encryptItem(item)
    expect(stored.type).toEqual({ S: 'patient' })
    expect(await encryptor.decryptItem(stored)).toEqual(item)
  })
})
