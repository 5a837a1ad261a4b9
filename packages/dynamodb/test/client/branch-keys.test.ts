// Items under the branch keys of a real key store, when a key is missing, disabled, deleted or unavailable.
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DisableKeyCommand, EnableKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import {
  BatchGetCommand,
  BatchWriteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  ScanCommand,
} from '@aws-sdk/lib-dynamodb'
import { keyMaterial } from '@glassine/keys'
import { hierarchicalKeyring, type KeyStore, keyStore } from '@glassine/keys/key-store'
import { type LocalKms, type LocalKmsKey, startLocalKms } from '@glassine/local-kms'
import { type LocalDynamoDB, startLocalDynamoDB, withoutTransactions } from '@glassine/testing/dynamodb'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { branchKeyIdOfItem, withEncryption } from '../../src/index.ts'
import { patientFields as fields } from './support.ts'

const TableName = 'Patients'
const tenants = ['a', 'b', 'c'] as const

let kms: LocalKms
let key: LocalKmsKey
let server: LocalDynamoDB
let base: DynamoDBClient
let own: DynamoDBClient
let store: KeyStore
/** Keeps the key store's table from answering. */
let refusing: Error | undefined

beforeAll(async () => {
  kms = await startLocalKms()
  key = await kms.createKey()
  server = await startLocalDynamoDB()
  base = new DynamoDBClient(server.clientOptions)
  own = new DynamoDBClient({ ...server.clientOptions, maxAttempts: 1 })
  own.middlewareStack.add((next) => (args) => (refusing ? Promise.reject(refusing) : next(args)), {
    step: 'finalizeRequest',
    name: 'refuse',
  })
  store = keyStore({
    tableName: 'BranchKeys',
    logicalKeyStoreName: 'BranchKeys',
    timeout: 1_000,
    kms: {
      keyArn: key.arn,
      awsClientOptions: { ...kms.clientOptions, maxAttempts: 1 },
      insecureEndpoint: kms.endpoint,
    },
    dynamoDB: {
      client: server.kind === 'dynalite' ? withoutTransactions(own) : own,
      insecureEndpoint: server.endpoint,
    },
  })
  await store.createKeyStore()
  await base.send(
    new CreateTableCommand({
      TableName,
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  )
  for (const tenant of tenants) {
    await store.createKey({ branchKeyId: `tenant-${tenant}`, encryptionContext: { tenant } })
    await environment().send(new PutCommand({ TableName, Item: { id: tenant, ssn: `secret of ${tenant}` } }))
  }
})
afterEach(() => {
  refusing = undefined
  kms.faults.clear()
})
afterAll(async () => {
  base.destroy()
  own.destroy()
  await server.close()
  await kms.close()
})

/** A client of an environment that starts cold. */
const environment = () =>
  withEncryption(DynamoDBDocumentClient.from(base), {
    tables: {
      [TableName]: {
        fields,
        partitionKey: 'id',
        timeout: 1_000,
        keys: keyMaterial({
          keyring: hierarchicalKeyring({
            keyStore: store,
            branchKeyId: branchKeyIdOfItem(({ id }) => `tenant-${id}`),
          }),
        }),
      },
    },
  })
const get = (client = environment(), id = 'a') => client.send(new GetCommand({ TableName, Key: { id } }))
const put = (client = environment(), id = 'a') =>
  client.send(new PutCommand({ TableName, Item: { id, ssn: 'secret' } }))
const keysOf = (...ids: readonly string[]) => ({ [TableName]: { Keys: ids.map((id) => ({ id })) } })

const undecrypted = { code: 'ERR_DECRYPT_FAILED', message: 'The item could not be decrypted' }
const unavailable = { code: 'ERR_KEY_UNAVAILABLE', statusCode: 503 }

test('with all branch keys available, every tenant is read', async () => {
  const { Items } = await environment().send(new ScanCommand({ TableName }))
  expect(Items?.map(({ ssn }) => ssn).sort()).toEqual(tenants.map((tenant) => `secret of ${tenant}`))
})

describe('a key that is not available now is an error that may pass', () => {
  test('when the key store throttles', async () => {
    refusing = Object.assign(new Error('slow down'), { name: 'ProvisionedThroughputExceededException' })
    await expect(get()).rejects.toMatchObject(unavailable)
    await expect(put()).rejects.toMatchObject(unavailable)
  })

  test.each(['throttle', 'internal'] as const)('KMS: %s', async (fault) => {
    kms.faults.set('Decrypt', { kind: fault })
    await expect(get()).rejects.toMatchObject(unavailable)
    await expect(put()).rejects.toMatchObject(unavailable)
  })

  test('a batch of which one key is not to be had returns and writes nothing', async () => {
    const client = environment()
    await get(client, 'a')
    kms.faults.set('Decrypt', { kind: 'throttle' })
    await expect(client.send(new BatchGetCommand({ RequestItems: keysOf('a', 'b') }))).rejects.toMatchObject(
      unavailable,
    )
    const Items = ['a', 'b'].map((id) => ({ PutRequest: { Item: { id, ssn: 'other' } } }))
    const write = new BatchWriteCommand({ RequestItems: { [TableName]: Items } })
    await expect(client.send(write)).rejects.toMatchObject(unavailable)
    kms.faults.clear()
    expect((await get(environment(), 'a')).Item?.ssn).toBe('secret of a')
  })

  test('what a warm environment has cached still opens', async () => {
    const client = environment()
    await get(client)
    refusing = new Error('gone')
    kms.faults.set('*', { kind: 'internal' })
    expect((await get(client)).Item?.ssn).toBe('secret of a')
  })
})

describe('a key that never comes is a refusal', () => {
  test('when the branch key was never created', async () => {
    await expect(put(environment(), 'unknown')).rejects.toMatchObject({ code: 'ERR_ENCRYPT_FAILED' })
  })

  test('a KMS key that is disabled, until it is enabled', async () => {
    const admin = new KMSClient(kms.clientOptions)
    await admin.send(new DisableKeyCommand({ KeyId: key.keyId }))
    await expect(get()).rejects.toMatchObject(undecrypted)
    await expect(put()).rejects.toMatchObject({ code: 'ERR_ENCRYPT_FAILED' })
    await admin.send(new EnableKeyCommand({ KeyId: key.keyId }))
    admin.destroy()
    expect((await get()).Item?.ssn).toBe('secret of a')
  })

  test('a branch key that was deleted: its items are shredded, others are not, and a scan of all is refused', async () => {
    await store.deleteKey({ branchKeyId: 'tenant-c' })
    await expect(get(environment(), 'c')).rejects.toMatchObject(undecrypted)
    await expect(put(environment(), 'c')).rejects.toMatchObject({ code: 'ERR_ENCRYPT_FAILED' })
    expect((await get(environment(), 'b')).Item?.ssn).toBe('secret of b')
    await expect(environment().send(new ScanCommand({ TableName }))).rejects.toMatchObject(undecrypted)
  })
})
