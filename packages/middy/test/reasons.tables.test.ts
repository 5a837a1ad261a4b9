/** What a refused item of a table tells: the caller nothing but a status, the operator what to mend. */
import { CreateTableCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { DisableKeyCommand, EnableKeyCommand, KMSClient, UpdateAliasCommand } from '@aws-sdk/client-kms'
import { defineFields } from '@glassine/core'
import { type ClientTable, withEncryption, withInvocation } from '@glassine/dynamodb'
import { type Keyring, kmsKeyring } from '@glassine/keys'
import { hierarchicalKeyring, keyStore } from '@glassine/keys/key-store'
import { type LocalKms, startLocalKms } from '@glassine/local-kms'
import type { Refusal } from '@glassine/middy'
import { encryptedTables } from '@glassine/middy/tables'
import { branchKeySource, describeDynamoDB } from '@glassine/test-support'
import { explain, sampleContext, sampleEvent } from '@glassine/testing'
import { type LocalDynamoDB, startLocalDynamoDB } from '@glassine/testing/dynamodb'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import middy from '@middy/core'
import httpErrorHandler from '@middy/http-error-handler'
import { branchKeys } from './support/branch-keys.ts'

type Row = Record<string, any>

const fields = defineFields<{ id: string; ssn: string }>('patient', { ssn: {} })
const visit = defineFields<{ id: string; note: string }>('visit', { note: {} })
const TableName = 'Patients'
const item: Row = { id: { S: 'MARK-1' }, ssn: { S: 'MARK-2' }, plan: { S: 'MARK-3' }, level: { S: 'MARK-4' } }
const invocation = { binding: { tenant: 't-1' }, tenant: 't-1' }

describeDynamoDB('dynoxide', 'the reasons of refused items', () => {
  let kms: LocalKms
  let arns: string[]
  let kmsClient: KMSClient
  let server: LocalDynamoDB
  let plain: DynamoDBClient

  beforeAll(async () => {
    kms = await startLocalKms({ keys: ['alias/mine', 'alias/other', 'alias/moved', 'alias/off'] })
    arns = kms.keys.map(({ arn }) => arn)
    kmsClient = new KMSClient(kms.clientOptions)
    server = await startLocalDynamoDB({ kind: 'dynoxide' })
    plain = new DynamoDBClient(server.clientOptions)
    await plain.send(
      new CreateTableCommand({
        TableName,
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        BillingMode: 'PAY_PER_REQUEST',
      }),
    )
  })
  afterAll(async () => {
    plain.destroy()
    kmsClient.destroy()
    await server.close()
    await kms.close()
  })

  const ofKms = (keyId: string): Keyring =>
    kmsKeyring({ keyId, awsClientOptions: kms.clientOptions, insecureEndpoint: kms.endpoint })
  const tableOf = (keys: Keyring, more: object = {}): ClientTable =>
    ({ fields, keys, partitionKey: 'id', suite: '0x6700', ...more }) as ClientTable

  /** Stores an item, encrypted, and returns the row as it is in the table. */
  const stored = async (table: ClientTable, Item: Row = item): Promise<Row> => {
    const client = withInvocation(withEncryption(plain, { tables: { [TableName]: table } }), invocation)
    await client.send(new PutItemCommand({ TableName, Item }))
    return (await plain.send(new GetItemCommand({ TableName, Key: { id: Item.id } }))).Item!
  }

  /** Puts a row in place, and reads it in a handler: what the caller and the operator get to know. */
  const refusedBy = async (table: ClientTable, row: Row) => {
    await plain.send(new PutItemCommand({ TableName, Item: row }))
    const told: Refusal[] = []
    const handler = middy()
      .use(httpErrorHandler({ logger: false } as never))
      .use(
        encryptedTables({
          client: plain,
          tables: { [TableName]: table },
          bind: () => ({ tenant: 't-1' }),
          onRefused: (refusal) => void told.push(refusal),
        }) as any,
      )
      .handler(async (_event, context: any) => {
        await context.tables.send(new GetItemCommand({ TableName, Key: { id: row.id } }))
        return { statusCode: 204 }
      })
    const response = (await handler(sampleEvent('http-api') as never, sampleContext())) as any
    expect(told).toHaveLength(1)
    expect(JSON.stringify([told, response])).not.toContain('MARK-')
    expect(JSON.stringify(response)).not.toContain(told[0]!.reason)
    return { caller: response, operator: told[0]! }
  }
  const refusal = { direction: 'table', code: 'ERR_DECRYPT_FAILED', package: '@glassine/dynamodb' }
  const expected = '; here the logical table is Patients, and the key id'
  const otherContext = `KMS refused to unwrap it, InvalidCiphertextException: it was changed, or wrapped for another encryption context${expected}`

  describe('the key', () => {
    test('an item under a key that is not configured: its ARN', async () => {
      const row = await stored(tableOf(ofKms('alias/other')))
      const { caller, operator } = await refusedBy(tableOf(ofKms(arns[0]!)), row)
      expect(caller).toEqual({ statusCode: 500, headers: {} })
      expect(operator).toEqual({
        ...refusal,
        statusCode: 500,
        reason: 'no configured key unwraps it',
        keyId: arns[1],
      })
      const found = await explain(row, {
        ...(tableOf(ofKms(arns[0]!)) as any),
        table: TableName,
      })
      expect(found.differences).toMatchObject([
        { what: 'context', inCiphertext: `no configured key unwraps it (${arns[1]})` },
      ])
    })

    test('an alias that was moved: the alias, and the ARN of the old key', async () => {
      const row = await stored(tableOf(ofKms('alias/moved')))
      await kmsClient.send(new UpdateAliasCommand({ AliasName: 'alias/moved', TargetKeyId: arns[0] }))
      const { operator } = await refusedBy(tableOf(ofKms('alias/moved')), row)
      expect(operator).toMatchObject({
        ...refusal,
        reason: 'alias/moved is the alias of another key; if it was moved, allow the old key as well',
        keyId: arns[2],
      })
    })

    test('a key that is disabled: the name of the refusal by KMS', async () => {
      const row = await stored(tableOf(ofKms('alias/off')))
      await kmsClient.send(new DisableKeyCommand({ KeyId: arns[3] }))
      const { operator } = await refusedBy(tableOf(ofKms(arns[3]!)), row)
      await kmsClient.send(new EnableKeyCommand({ KeyId: arns[3] }))
      expect(operator).toMatchObject({
        ...refusal,
        reason: 'KMS refused to unwrap it, DisabledException',
        keyId: arns[3],
      })
    })

    test('a permission that is missing: its name, and a code of its own', async () => {
      const table = tableOf(ofKms(arns[0]!))
      const row = await stored(table)
      kms.faults.set('Decrypt', { kind: 'access-denied' })
      const { caller, operator } = await refusedBy(table, row)
      const found = await explain(row, { ...(table as any), table: TableName })
      kms.faults.clear()
      expect(caller).toMatchObject({
        statusCode: 503,
        body: 'The encryption keys are not available at the moment',
      })
      expect(operator).toMatchObject({
        direction: 'table',
        code: 'ERR_KEY_DENIED',
        reason: 'AccessDeniedException: kms:Decrypt',
        keyId: arns[0],
      })
      expect(found.differences).toMatchObject([
        { what: 'key', inCiphertext: `ERR_KEY_DENIED: AccessDeniedException: kms:Decrypt (${arns[0]})` },
      ])
    })

    test('a response of KMS that is of another key or length: an outage, or named', async () => {
      const table = tableOf(ofKms(arns[0]!))
      const row = await stored(table)
      kms.faults.set('Decrypt', { kind: 'wrong-key' })
      const wrong = await refusedBy(table, row)
      kms.faults.set('Decrypt', { kind: 'wrong-length' })
      const other = await refusedBy(table, row)
      kms.faults.clear()
      expect(wrong.caller).toMatchObject({ statusCode: 503 })
      expect(wrong.operator).toMatchObject({
        code: 'ERR_KEY_UNAVAILABLE',
        reason: 'KMS: a response of another key, or of another length',
      })
      expect(other.caller).toMatchObject({ statusCode: 500 })
      expect(other.operator).toMatchObject({
        ...refusal,
        reason: 'KMS unwraps it to a key of another length',
        keyId: arns[0],
      })
    })

    test('a branch key that is gone: its id', async () => {
      const store = keyStore({
        tableName: 'BranchKeys',
        logicalKeyStoreName: 'BranchKeys',
        kms: { keyArn: arns[0]!, awsClientOptions: kms.clientOptions, insecureEndpoint: kms.endpoint } as any,
        dynamoDB: { awsClientOptions: server.clientOptions, insecureEndpoint: server.endpoint } as any,
      })
      await store.createKeyStore()
      await store.createKey({ branchKeyId: 'tenant-t-1', encryptionContext: { tenant: 't-1' } })
      const keyring = () =>
        hierarchicalKeyring({ keyStore: store, branchKeyId: ({ tenant }) => `tenant-${tenant}` })
      const row = await stored(tableOf(keyring()))
      const opened = tableOf(keyring())
      const client = withInvocation(withEncryption(plain, { tables: { [TableName]: opened } }), invocation)
      expect((await client.send(new GetItemCommand({ TableName, Key: { id: row.id } }))).Item).toEqual(item)
      await store.deleteKey({ branchKeyId: 'tenant-t-1' } as any)
      const { operator } = await refusedBy(tableOf(keyring()), row)
      expect(operator).toMatchObject({
        ...refusal,
        reason: 'The key store has no such branch key',
        keyId: 'tenant-t-1',
      })
    })

    test('another branch key than that of the call: which one was asked for', async () => {
      const { keyring } = branchKeys()
      const row = await stored(tableOf(keyring))
      const other = hierarchicalKeyring({
        keyStore: branchKeySource(() => Buffer.alloc(32, 1)),
        branchKeyId: 'tenant-t-2',
      })
      const { operator } = await refusedBy(tableOf(other), row)
      expect(operator).toMatchObject({
        ...refusal,
        reason: 'it is under another branch key than this',
        keyId: 'tenant-t-2',
      })
    })

    test('a keyring that fails or is not configured for the call', async () => {
      const keys = ofKms('alias/mine')
      const row = await stored(tableOf(keys))
      const failing = (unwrap: () => Promise<never>): Keyring => ({ ...keys, unwrap })
      const foreign = await refusedBy(tableOf(failing(() => Promise.reject(new Error('MARK-9')))), row)
      expect(foreign.operator).toMatchObject({ ...refusal, reason: 'the keyring failed' })
    })
  })

  describe('what an item is bound to', () => {
    const table = () => tableOf(ofKms('alias/mine'))

    test('another record', async () => {
      const { operator } = await refusedBy(table(), { ...(await stored(table())), id: { S: 'MARK-8' } })
      expect(operator).toMatchObject({ ...refusal, reason: otherContext, keyId: arns[0] })
    })

    test('another logical table, which explain finds out where it is told', async () => {
      const row = await stored(tableOf(ofKms('alias/mine'), { logicalName: 'Others' }))
      const { operator } = await refusedBy(table(), row)
      expect(operator).toMatchObject({ ...refusal, reason: otherContext, keyId: arns[0] })
      const options: any = { ...table(), table: TableName }
      expect((await explain(row, options)).differences).toMatchObject([
        { what: 'context', inCiphertext: `${otherContext} (${arns[0]})` },
      ])
      expect((await explain(row, { ...options, sent: { table: 'Others' } })).differences).toMatchObject([
        { what: 'table', inCiphertext: 'Others', expected: 'Patients' },
      ])
    })

    const bytesOf = ({ B }: { B: Uint8Array }): Buffer => Buffer.from(B)
    const flipped = (value: { B: Uint8Array }, at: number) => {
      const bytes = bytesOf(value)
      bytes[at < 0 ? bytes.length + at : at]! ^= 1
      return { B: bytes }
    }
    const changed = 'a signed or encrypted attribute or the footer was changed'
    const moves: [string, (row: Row) => Row, reason: string, path?: string][] = [
      ['a signed attribute that was changed', (row) => ({ ...row, plan: { S: 'MARK-5' } }), changed],
      [
        'two signed attributes that were swapped',
        (row) => ({ ...row, plan: row.level, level: row.plan }),
        changed,
      ],
      ['an encrypted attribute that was changed', (row) => ({ ...row, ssn: flipped(row.ssn, -1) }), changed],
      [
        'a footer that was changed',
        (row) => ({ ...row, aws_dbe_foot: flipped(row.aws_dbe_foot, 0) }),
        changed,
      ],
      [
        'a footer that was cut off',
        (row) => ({ ...row, aws_dbe_foot: { B: bytesOf(row.aws_dbe_foot).subarray(1) } }),
        'the footer does not fit the header: it was cut off, or is of another item',
      ],
      [
        'a header that was changed',
        (row) => ({ ...row, aws_dbe_head: flipped(row.aws_dbe_head, 2) }),
        'the header was changed: its commitment is that of another',
      ],
      [
        'a header that was cut off',
        (row) => ({ ...row, aws_dbe_head: { B: bytesOf(row.aws_dbe_head).subarray(0, -1) } }),
        'the header is malformed',
      ],
      [
        'another version',
        (row) => ({ ...row, aws_dbe_head: { B: Buffer.from(bytesOf(row.aws_dbe_head).fill(3, 0, 1)) } }),
        'the header has a version or an algorithm suite that is not known',
      ],
      [
        'an attribute that was added',
        (row) => ({ ...row, more: { S: 'MARK-6' } }),
        'the header covers 4 attributes, and the item has 5 that are not unsigned',
      ],
      [
        'a declared field in the clear',
        (row) => ({ ...row, ssn: { S: 'MARK-7' } }),
        'an attribute is in the clear that the header says is encrypted',
        '/ssn',
      ],
      [
        'an item that was stripped of its header',
        ({ aws_dbe_head: _, ...row }) => row,
        'aws_dbe_head is absent or not binary: the item is not encrypted, or was stripped',
      ],
    ]
    test.each(moves.map(([name, ...rest]) => [name, rest] as const))(
      '%s',
      async (_, [change, reason, path]) => {
        const { caller, operator } = await refusedBy(table(), change(await stored(table())))
        expect(caller).toEqual({ statusCode: 500, headers: {} })
        expect(operator).toEqual({ ...refusal, statusCode: 500, reason, ...(path !== undefined && { path }) })
      },
    )

    test('a wrapped data key that was changed: its recipient’s intermediate key still unwraps', async () => {
      const row = await stored(table())
      const head = bytesOf(row.aws_dbe_head)
      // Provider id, provider info, then the wrapped data key with its two bytes of length before it.
      const at = head.indexOf(arns[0]!) + arns[0]!.length + 2
      head[at]! ^= 1
      const { operator } = await refusedBy(table(), { ...row, aws_dbe_head: { B: head } })
      expect(operator).toMatchObject({
        ...refusal,
        reason: 'the wrapped data key was changed',
        keyId: arns[0],
      })
    })

    test('a declared field that its writer only signed', async () => {
      const row = await stored({
        ...tableOf(ofKms('alias/mine')),
        fields: defineFields<{ id: string; plan: string }>('patient', { plan: {} }),
      } as ClientTable)
      const { operator } = await refusedBy(table(), row)
      expect(operator).toEqual({
        ...refusal,
        statusCode: 500,
        reason: 'a declared field is in the clear',
        path: '/ssn',
      })
    })

    test('an item that names no model of the table', async () => {
      const models = { attribute: 'type', patient: fields, visit }
      const several = { ...tableOf(ofKms('alias/mine')), fields: undefined, models } as any
      delete several.fields
      const row = await stored(several, { ...item, type: { S: 'patient' } })
      const { operator } = await refusedBy(several, { ...row, type: { S: 'MARK-0' } })
      expect(operator).toEqual({
        ...refusal,
        statusCode: 500,
        reason: 'the item names none of the models of the table',
        path: '/type',
      })
    })
  })
})
