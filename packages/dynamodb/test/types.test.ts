import type { AttributeValue as SdkValue } from '@aws-sdk/client-dynamodb'
import { defineFields } from '@glassine/core'
import { test } from '@jest/globals'
import type { AttributeValue as StreamImageValue } from 'aws-lambda'
import { expectTypeOf } from 'expect-type'
import { type Item, itemEncryptor, type itemOfImage } from '../src/index.ts'
import { testKeyring } from './support/keyrings.ts'

test('items are those of the AWS SDK, both ways and without a cast', async () => {
  const fields = defineFields<{ ssn: string }>('patient', { ssn: {} })
  const encryptor = itemEncryptor({
    table: 'T',
    fields,
    partitionKey: 'id',
    keys: testKeyring(),
    suite: '0x6700',
  })
  const fromSdk: Record<string, SdkValue> = { id: { S: '1' }, ssn: { S: '2' } }
  const stored: Record<string, SdkValue> = await encryptor.encryptItem(fromSdk)
  const opened: Record<string, SdkValue> = await encryptor.decryptItem(stored)
  expectTypeOf(opened).toExtend<Item>()
  expectTypeOf<Record<string, StreamImageValue>>().toExtend<Parameters<typeof itemOfImage>[0]>()
})

test('only attribute values compile', () => {
  // @ts-expect-error bytes are no string
  const bytes: Item = { id: { B: 'AQID' } }
  // @ts-expect-error numbers are text
  const number: Item = { id: { N: 1 } }
  void [bytes, number]
  const options = { table: 'T', partitionKey: 'id', keys: testKeyring() }
  // @ts-expect-error a suite of messages
  void (() => itemEncryptor({ ...options, fields: defineFields<any>('x', { a: {} }), suite: '0x0478' }))
})
