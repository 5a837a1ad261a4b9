import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'
import { thrown } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import { encryptionStats, withEncryption, withInvocation } from '../../src/index.ts'
import { patientTable } from './support.ts'

const client = DynamoDBDocumentClient.from(new DynamoDBClient({ region: 'eu-west-1' }))
const tables = { Patients: patientTable }
const until = '2999-01-01'

describe('an option that cannot be right throws at construction, with its name', () => {
  test.each<[string, object]>([
    ['tables', { tables: undefined }],
    ['tables', { tables: {} }],
    ['tables', { tables: null }],
    ['tables', { tables: { Patients: undefined } }],
    ['tables', { tables: { 'arn:aws:dynamodb:eu-west-1:1:table/Patients': patientTable } }],
    ['table', { tables: { Patients: { ...patientTable, table: 'Other' } } }],
    ['table', { tables: { Patients: { ...patientTable, logicalName: '' } } }],
    ['partitionKey', { tables: { Patients: { ...patientTable, partitionKey: undefined } } }],
    ['patitionKey', { tables: { Patients: { ...patientTable, patitionKey: 'id' } } }],
    ['mode', { tables: { Patients: { ...patientTable, mode: 'plain', until } } }],
    ['until', { tables: { Patients: { ...patientTable, mode: 'write-plain-read-both' } } }],
    [
      'until',
      { tables: { Patients: { ...patientTable, mode: 'write-encrypted-read-both', until: 'soon' } } },
    ],
    ['until', { tables: { Patients: { ...patientTable, until } } }],
    ['tableArns', { tableArns: ['Patients'] }],
    ['tableArns', { tableArns: ['arn:aws:dynamodb:eu-west-1:111122223333:table/Others'] }],
    ['tableArns', { tableArns: ['arn:aws:dynamodb:*:111122223333:table/Patients'] }],
    ['onPlaintextRead', { onPlaintextRead: true }],
    ['onPlaintextReads', { onPlaintextReads: () => {} }],
    ['invocation', { invocation: 'tenant' }],
    ['invocation', { invocation: null }],
    ['invocation.tennant', { invocation: { tennant: 't-1' } }],
    ['invocation.tenant', { invocation: { tenant: '' } }],
    ['invocation.tenant', { invocation: { tenant: 1 } }],
    ['invocation.deadline', { invocation: { deadline: Number.NaN } }],
    ['invocation.deadline', { invocation: { deadline: new Date() } }],
  ])('%s: %j', (option, wrong) => {
    const error = thrown(() => withEncryption(client, { tables, ...wrong } as never))
    expect(error).toMatchObject({
      code: 'ERR_OPTION_INVALID',
      cause: { package: '@glassine/dynamodb', option },
    })
  })

  test('a client that is none, encrypts already, or does not yet', () => {
    const encrypting = withEncryption(client, { tables })
    for (const wrong of [
      () => withEncryption({} as never, { tables }),
      () => withEncryption(undefined as never, { tables }),
      () => withEncryption(encrypting, { tables }),
      () => withInvocation(client, {}),
      () => encryptionStats(client),
    ])
      expect(thrown(wrong)).toMatchObject({ code: 'ERR_OPTION_INVALID', cause: { option: 'client' } })
  })

  test('what holds for one invocation is checked as well', () => {
    const encrypting = withEncryption(client, { tables })
    expect(thrown(() => withInvocation(encrypting, { tenant: '' }))).toMatchObject({
      cause: { option: 'invocation.tenant' },
    })
    expect(withInvocation(encrypting, { tenant: 't-1', deadline: 1 })).toBeInstanceOf(DynamoDBDocumentClient)
    expect(withInvocation(encrypting, { tenant: undefined, deadline: undefined })).toBeDefined()
  })
})
