// What docs/keys-and-kms.md says of rotation, on a local KMS and DynamoDB, with the blocks of the page.
import { rmSync } from 'node:fs'
import path from 'node:path'
import {
  CreateTableCommand,
  DynamoDBClient,
  GetItemCommand,
  type KeySchemaElement,
} from '@aws-sdk/client-dynamodb'
import { KMSClient, RotateKeyOnDemandCommand, UpdateAliasCommand } from '@aws-sdk/client-kms'
import { DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb'
import { defineFields } from '@glassine/core'
import { updateItem, withEncryption } from '@glassine/dynamodb'
import { keyMaterial, kmsKeyring } from '@glassine/keys'
import { hierarchicalKeyring, keyStore } from '@glassine/keys/key-store'
import { type LocalKms, startLocalKms } from '@glassine/local-kms'
import { messageEnvelope } from '@glassine/message'
import { describeTransactions } from '@glassine/test-support'
import { type LocalDynamoDB, startLocalDynamoDB } from '@glassine/testing/dynamodb'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { blocksOf, root, runner } from './blocks.ts'

const folder = path.join(root, '.jest', `rotation-${process.pid}`)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const fields = defineFields<{ id: string; ssn: string }>('patient', { ssn: {} })
const patient = { id: 'p-1', ssn: '078-05-1120' }
const scope = { binding: { tenant: 't-1' }, use: 'request' }

describeTransactions('rotation', () => {
  let kms: LocalKms
  let client: KMSClient
  let dynamoDB: LocalDynamoDB
  let tables: DynamoDBClient
  beforeAll(async () => {
    kms = await startLocalKms({ keys: ['alias/patients', 'alias/next'] })
    client = new KMSClient(kms.clientOptions)
    dynamoDB = await startLocalDynamoDB({ kind: 'dynoxide' })
    tables = new DynamoDBClient(dynamoDB.clientOptions)
  }, 60_000)
  afterAll(async () => {
    client?.destroy()
    tables?.destroy()
    await dynamoDB?.close()
    await kms?.close()
  })
  const reach = () => ({ awsClientOptions: kms.clientOptions, insecureEndpoint: kms.endpoint })

  test('after a rotation within KMS, older messages open, and nothing has to be deployed', async () => {
    const { arn } = await kms.createKey()
    const envelope = () =>
      messageEnvelope({ keys: keyMaterial({ keyring: kmsKeyring({ keyId: arn, ...reach() }) }) })
    const older = await envelope().encrypt(patient, fields, scope)
    await client.send(new RotateKeyOnDemandCommand({ KeyId: arn }))
    expect(await envelope().decrypt(older, fields, scope)).toEqual(patient)
  })

  test('after an alias was moved, older messages open where the old key is allowed, and nowhere else', async () => {
    const oldKey = kms.keys[0]!
    const newKey = kms.keys[1]!
    const oldKeyArn = oldKey.arn
    const connection = reach()
    const before = messageEnvelope({
      keys: keyMaterial({ keyring: kmsKeyring({ keyId: 'alias/patients', ...connection }) }),
    })
    const older = await before.encrypt(patient, fields, scope)
    await client.send(new UpdateAliasCommand({ AliasName: 'alias/patients', TargetKeyId: newKey.arn }))
    const without = messageEnvelope({
      keys: keyMaterial({ keyring: kmsKeyring({ keyId: 'alias/patients', ...connection }) }),
    })
    await expect(without.decrypt(older, fields, scope)).rejects.toMatchObject({ code: 'ERR_DECRYPT_FAILED' })
    Object.assign(process.env, kms.env)
    const block = runner(folder, (text) => text.replace(/(const oldKeyArn = )'.*'/, `$1'${oldKeyArn}'`))
    const { at } = blocksOf('docs/keys-and-kms.md').find(({ text }) => text.includes('oldKeyArn'))!
    const { keyring } = await block('docs/keys-and-kms.md', at)
    const receiver = messageEnvelope({ keys: keyMaterial({ keyring }) })
    expect(await receiver.decrypt(older, fields, scope)).toEqual(patient)
    // A message is not moved by being read; what is encrypted from now on is under the new key.
    kms.resetCalls()
    await receiver.encrypt(patient, fields, scope)
    expect(kms.calls.map(({ keyArn }) => keyArn)).toEqual([newKey.arn])
  })

  test('items stay under their version of a branch key until they are written again', async () => {
    const { arn: keyArn } = await kms.createKey()
    const storeOf = () =>
      keyStore({
        tableName: 'BranchKeys',
        logicalKeyStoreName: 'BranchKeys',
        kms: { keyArn, ...reach() },
        dynamoDB: { client: tables, insecureEndpoint: dynamoDB.endpoint },
      })
    const store = storeOf()
    await store.createKeyStore()
    const KeySchema: KeySchemaElement[] = [{ AttributeName: 'id', KeyType: 'HASH' }]
    const AttributeDefinitions = [{ AttributeName: 'id', AttributeType: 'S' as const }]
    await tables.send(
      new CreateTableCommand({
        TableName: 'Patients',
        KeySchema,
        AttributeDefinitions,
        BillingMode: 'PAY_PER_REQUEST',
      }),
    )
    await store.createKey({ branchKeyId: 'tenant-t-1', encryptionContext: { tenant: 't-1' } })

    /** A process of its own: nothing is cached. */
    const fresh = () => {
      const keys = hierarchicalKeyring({ keyStore: storeOf(), branchKeyId: 'tenant-t-1' })
      return withEncryption(DynamoDBDocumentClient.from(tables), {
        tables: { Patients: { fields, keys, partitionKey: 'id', suite: '0x6700' } },
      })
    }
    /** The header names the version: two items under one version agree in 16 bytes that two versions do not share. */
    const headerOf = async (id: string): Promise<string> => {
      const { Item } = await tables.send(
        new GetItemCommand({ TableName: 'Patients', Key: { id: { S: id } } }),
      )
      return Buffer.from(Item!.aws_dbe_head!.B!).toString('hex')
    }
    const versionHex = (version: string) => version.replaceAll('-', '')

    const warm = fresh()
    await warm.send(new PutCommand({ TableName: 'Patients', Item: patient }))
    const { version } = await store.versionKey({ branchKeyId: 'tenant-t-1' })

    // A warm process goes on under the old version until its cache expires.
    await warm.send(new PutCommand({ TableName: 'Patients', Item: { ...patient, id: 'p-2' } }))
    expect(await headerOf('p-2')).not.toContain(versionHex(version))

    const documents = fresh()
    const { Item } = await documents.send(new GetCommand({ TableName: 'Patients', Key: { id: 'p-1' } }))
    expect(Item).toEqual(patient)
    expect(await headerOf('p-1')).not.toContain(versionHex(version))

    const id = 'p-1'
    // Reads the item and writes it again, under the version that is active now. Concurrent changes are not lost.
    await updateItem(documents, { TableName: 'Patients', Key: { id } }, (item) => item)
    expect(await headerOf('p-1')).toContain(versionHex(version))

    await store.deleteKey({ branchKeyId: 'tenant-t-1' })
    await expect(fresh().send(new GetCommand({ TableName: 'Patients', Key: { id } }))).rejects.toMatchObject({
      code: 'ERR_DECRYPT_FAILED',
    })
    const cached = await documents.send(new GetCommand({ TableName: 'Patients', Key: { id } }))
    expect(cached.Item).toEqual(patient)

    // Nothing stops a new key under the old id; it does not open what was encrypted before.
    await store.createKey({ branchKeyId: 'tenant-t-1', encryptionContext: { tenant: 't-1' } })
    await expect(fresh().send(new GetCommand({ TableName: 'Patients', Key: { id } }))).rejects.toMatchObject({
      code: 'ERR_DECRYPT_FAILED',
    })
  }, 60_000)
})
