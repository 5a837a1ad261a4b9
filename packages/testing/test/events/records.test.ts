import { createHash } from 'node:crypto'
import { sampleEvent, sampleSources } from '@glassine/testing'
import { describe, expect, test } from '@jest/globals'

test.each(sampleSources)('%s survives JSON unchanged', (source) => {
  const event = sampleEvent(source)
  expect(JSON.parse(JSON.stringify(event))).toEqual(event)
})

describe('a batch', () => {
  const bodies = [{ id: 'p-1' }, 'plain text', [3]]
  const texts = ['{"id":"p-1"}', 'plain text', '[3]']

  test('of sqs has a checksum, an id and the tenant in each record', () => {
    const { Records } = sampleEvent('sqs', { bodies, tenant: 't-1' })
    expect(Records.map(({ body }) => body)).toEqual(texts)
    expect(new Set(Records.map(({ messageId }) => messageId)).size).toBe(3)
    for (const record of Records) {
      expect(record.md5OfBody).toBe(createHash('md5').update(record.body).digest('hex'))
      expect(record.messageAttributes.tenant).toEqual({ stringValue: 't-1', dataType: 'String' })
    }
  })

  test('of sns has one message and the tenant in each record', () => {
    const { Records } = sampleEvent('sns', { bodies, tenant: 't-1' })
    expect(Records.map(({ Sns }) => Sns.Message)).toEqual(texts)
    expect(Records[0]!.Sns.MessageAttributes).toEqual({ tenant: { Type: 'String', Value: 't-1' } })
  })

  test('of kinesis has payloads in base64, also bytes', () => {
    const { Records } = sampleEvent('kinesis', { bodies: [...bodies, new Uint8Array([0, 255])] })
    const data = Records.map(({ kinesis }) => Buffer.from(kinesis.data, 'base64'))
    expect(data.slice(0, 3).map(String)).toEqual(texts)
    expect([...data[3]!]).toEqual([0, 255])
    expect(Records.every(({ eventID, kinesis }) => eventID.endsWith(kinesis.sequenceNumber))).toBe(true)
  })

  test('of one body has one record, an empty one has none', () => {
    expect(sampleEvent('sqs', { body: 'x' }).Records).toHaveLength(1)
    expect(sampleEvent('sqs').Records).toHaveLength(1)
    expect(sampleEvent('sqs', { bodies: [] }).Records).toEqual([])
  })
})

test('eventbridge has the chosen detail, detail type and source', () => {
  const event = sampleEvent('eventbridge', { detail: { a: 1 }, detailType: 'T', source: 's' })
  expect(event).toMatchObject({ 'detail-type': 'T', source: 's', detail: { a: 1 } })
})

describe('dynamodb-stream', () => {
  const image = {
    id: { S: 'p-1' },
    blob: { B: new Uint8Array([1, 2]) },
    deep: { M: { s: { BS: [Buffer.from('x')] } } },
  }
  const wired = { id: { S: 'p-1' }, blob: { B: 'AQI=' }, deep: { M: { s: { BS: ['eA=='] } } } }

  test.each([
    ['INSERT', { newImage: image }],
    ['MODIFY', { newImage: image, oldImage: image }],
    ['REMOVE', { oldImage: image }],
  ] as const)('the images decide the event name: %s', (name, overrides) => {
    const [record] = sampleEvent('dynamodb-stream', overrides).Records
    expect(record!.eventName).toBe(name)
    expect(record!.dynamodb!.Keys).toEqual({ id: { S: 'p-1' } })
    expect(record!.dynamodb!.NewImage).toEqual('newImage' in overrides ? wired : undefined)
    expect(record!.dynamodb!.OldImage).toEqual('oldImage' in overrides ? wired : undefined)
  })

  test('takes keys and several records', () => {
    const keys = { pk: { S: 'a' }, sk: { N: '1' } }
    const { Records } = sampleEvent('dynamodb-stream', {
      records: [{ keys, newImage: {} }, { oldImage: image }],
    })
    expect(Records.map(({ eventName }) => eventName)).toEqual(['INSERT', 'REMOVE'])
    expect(Records[0]!.dynamodb!.Keys).toEqual(keys)
    expect(Records[0]!.eventID).not.toBe(Records[1]!.eventID)
  })
})

test('appsync has the chosen arguments, field, headers and claims', () => {
  const event = sampleEvent('appsync', {
    arguments: { ssn: 'x' },
    fieldName: 'admit',
    parentTypeName: 'Query',
    origin: 'https://app.example.com',
    tenant: 't-1',
    claims: { role: 'nurse' },
    headers: { accept: undefined },
  })
  expect(event.arguments).toEqual({ ssn: 'x' })
  expect(event.info).toMatchObject({ fieldName: 'admit', parentTypeName: 'Query' })
  expect(event.request.headers).toMatchObject({
    'x-forwarded-proto': 'https',
    origin: 'https://app.example.com',
  })
  expect(event.request.headers).not.toHaveProperty('accept')
  expect(event.identity).toMatchObject({ claims: { 'custom:tenant': 't-1', role: 'nurse' } })
  expect(sampleEvent('appsync', { proto: 'http' }).request.headers['x-forwarded-proto']).toBe('http')
})
