// The services that the example stands on, on this machine: a KMS, and a DynamoDB with the tables and a branch key
// for each clinic.
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb'
import { withEncryption } from '@glassine/dynamodb'
import { keyMaterial } from '@glassine/keys'
import { hierarchicalKeyring, keyStore } from '@glassine/keys/key-store'
import { startLocalKms } from '@glassine/testing'
import { startLocalDynamoDB, withoutTransactions } from '@glassine/testing/dynamodb'
import { Patient } from '../src/model.ts'
import { unlisted } from './careless.ts'
import { patient } from './patient.ts'

const clinics = ['clinic-a', 'clinic-b', 'clinic-c']

/** Starts them, and sets the environment that the handler reads when it is loaded, as Lambda would. */
export const startServices = async () => {
  const kms = await startLocalKms()
  const dynamoDB = await startLocalDynamoDB()
  const { arn } = await kms.createKey({ alias: 'alias/patients' })
  const devices = await kms.createKey({ keySpec: 'ECC_NIST_P256', keyUsage: 'KEY_AGREEMENT' })
  const client = new DynamoDBClient(dynamoDB.clientOptions)
  const store = keyStore({
    tableName: 'BranchKeys',
    logicalKeyStoreName: 'BranchKeys',
    kms: { keyArn: arn, awsClientOptions: kms.clientOptions, insecureEndpoint: kms.endpoint },
    dynamoDB: {
      client: dynamoDB.kind === 'dynalite' ? withoutTransactions(client) : client,
      insecureEndpoint: dynamoDB.endpoint,
    },
  })
  await store.createKeyStore()
  for (const clinic of clinics)
    await store.createKey({ branchKeyId: clinic, encryptionContext: { tenant: clinic } })
  await client.send(
    new CreateTableCommand({
      TableName: 'Replays',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  )
  for (const TableName of ['Patients', unlisted])
    await client.send(
      new CreateTableCommand({
        TableName,
        AttributeDefinitions: [
          { AttributeName: 'clinic', AttributeType: 'S' },
          { AttributeName: 'id', AttributeType: 'S' },
        ],
        KeySchema: [
          { AttributeName: 'clinic', KeyType: 'HASH' },
          { AttributeName: 'id', KeyType: 'RANGE' },
        ],
        BillingMode: 'PAY_PER_REQUEST',
      }),
    )
  Object.assign(process.env, {
    KEY_ARN: arn,
    DEVICE_KEY_ARN: devices.arn,
    AWS_ENDPOINT_URL_KMS: kms.endpoint,
    LOCAL_KMS_ENDPOINT: kms.endpoint,
    AWS_ENDPOINT_URL_DYNAMODB: dynamoDB.endpoint,
    LOCAL_DYNAMODB_ENDPOINT: dynamoDB.endpoint,
    AWS_REGION: kms.region,
    AWS_ACCESS_KEY_ID: kms.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: kms.credentials.secretAccessKey,
  })
  const table = DynamoDBDocumentClient.from(client)
  const newKeys = () =>
    keyMaterial({ keyring: hierarchicalKeyring({ keyStore: store, branchKeyId: ({ tenant }) => tenant }) })
  /** A row as the table holds it. */
  const row = async (
    clinic: string,
    id: string,
    TableName = 'Patients',
  ): Promise<Record<string, unknown> | undefined> =>
    (await table.send(new GetCommand({ TableName, Key: { clinic, id } }))).Item
  return {
    kms,
    /** The table without encryption. */
    table,
    /** Keys of another service, with a cache of its own. */
    newKeys,
    row,
    /** Replaces a row by the one that another table of the same keys would hold, and returns that. */
    archive: async (clinic: string, id: string): Promise<Record<string, unknown>> => {
      const tables = {
        Patients: {
          fields: Patient,
          keys: newKeys(),
          partitionKey: 'clinic',
          sortKey: 'id',
          logicalName: 'Archive',
        },
      } as const
      const archive = withEncryption(table, { tables, invocation: { tenant: clinic } })
      await archive.send(new PutCommand({ TableName: 'Patients', Item: { ...patient, clinic, id } }))
      return (await row(clinic, id))!
    },
    close: async () => {
      client.destroy()
      await dynamoDB.close()
      await kms.close()
    },
  }
}

/** A row in a form that JSON has: bytes as base64 in `{ B }`. */
export const readable = (row: object): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      value instanceof Uint8Array ? { B: Buffer.from(value).toString('base64') } : value,
    ]),
  )

export type Services = Awaited<ReturnType<typeof startServices>>
