// How many of our files one warm request runs through: the files to read in order to follow it.
import { Session } from 'node:inspector/promises'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb'
import { defineFields } from '@glassine/core'
import { keyMaterial, kmsKeyring } from '@glassine/keys'
import { type BranchKeySource, hierarchicalKeyring } from '@glassine/keys/key-store'
import { startLocalKms } from '@glassine/local-kms'
import { messageEnvelope } from '@glassine/message'
import { assertEncrypted, decryptRequest, encryptResponse, requireTls } from '@glassine/middy'
import { encryptedTables } from '@glassine/middy/tables'
import { sampleEvent } from '@glassine/testing'
import middy from '@middy/core'
import { atMost, type Figure } from './figure.ts'

const names = ['ssn', 'phone', 'note', 'email']
const patient = { id: 'p-1', ...Object.fromEntries(names.map((name) => [name, '078-05-1120'])) }
const fields = defineFields<any>('patient', Object.fromEntries(names.map((name) => [name, {}])))
const TableName = 'Patients'
const binding = { tenant: 'clinic-a' }

const branchKeyId = 'bd3842ff-3076-4092-9918-4395730050b8'
const branchKey = async () => ({
  branchKeyId,
  version: '3f1d9a52-7f10-4f5e-8f5c-1f6d2a3b4c5d',
  bytes: Buffer.alloc(32, 7),
})
const keyStore: BranchKeySource = {
  id: 'bench',
  getActiveBranchKey: branchKey,
  getBranchKeyVersion: branchKey,
  getBeaconKey: branchKey,
}

/** A table with one item, in place of the server behind the SDK's client. */
const oneItem = () => {
  let item: unknown
  return {
    handle: async (request: { headers: Record<string, string>; body: Uint8Array }) => {
      const isPut = request.headers['x-amz-target']?.endsWith('PutItem') === true
      if (isPut) item = JSON.parse(Buffer.from(request.body).toString()).Item
      const body = Buffer.from(JSON.stringify(isPut ? {} : { Item: item }))
      return { response: { statusCode: 200, headers: {}, body } }
    },
    destroy: () => {},
  } as never
}

/** Files of the built packages of which a function is called while the work is done. */
const filesOf = async (work: () => Promise<unknown>): Promise<readonly string[]> => {
  const session = new Session()
  session.connect()
  try {
    await session.post('Profiler.enable')
    await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })
    await work()
    const { result } = await session.post('Profiler.takePreciseCoverage')
    return result
      .filter(({ functions }) => functions.some(({ ranges }) => ranges[0]!.count > 0))
      .flatMap(({ url }) => /\/packages\/([\w-]+\/)dist\/(.*)\.js$/.exec(url)?.slice(1).join('') ?? [])
      .sort()
  } finally {
    session.disconnect()
  }
}

/**
 * The request: four sealed values through API Gateway, an item written and read, four sealed values back, all
 * middlewares in the stack, keys from KMS in the cache.
 */
export const warmFileFigures = async (): Promise<readonly Figure[]> => {
  const kms = await startLocalKms({ keys: ['alias/patients'] })
  const client = new DynamoDBClient({
    region: 'eu-central-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    requestHandler: oneItem(),
  })
  try {
    const keys = keyMaterial({
      keyring: kmsKeyring({
        keyId: 'alias/patients',
        awsClientOptions: kms.clientOptions,
        insecureEndpoint: kms.endpoint,
      }),
    })
    const envelope = messageEnvelope({ keys })
    const handler: any = middy(assertEncrypted({ fields }))
      .use(requireTls())
      .use(decryptRequest({ fields, envelope, bind: () => binding }))
      .use(
        encryptedTables({
          client: DynamoDBDocumentClient.from(client),
          tables: {
            [TableName]: {
              fields,
              keys: hierarchicalKeyring({ keyStore, branchKeyId }),
              partitionKey: 'id',
            },
          },
        }),
      )
      .use(encryptResponse({ fields }))
      .handler(async ({ body }: any, { tables }: any) => {
        await tables.send(new PutCommand({ TableName, Item: body }))
        const { Item } = await tables.send(new GetCommand({ TableName, Key: { id: body.id } }))
        return { statusCode: 200, body: Item }
      })
    const request = async (): Promise<void> => {
      const body = await envelope.encrypt<any>(patient, fields, { binding, use: 'request' })
      event = sampleEvent('http-api', { method: 'PUT', path: '/patients/p-1', body })
    }
    let event: unknown
    const call = async (): Promise<void> => {
      const { statusCode } = await handler(event, {
        awsRequestId: 'r-1',
        getRemainingTimeInMillis: () => 30_000,
      })
      if (statusCode !== 200) throw new Error('the handler did not answer 200')
    }
    await request()
    await call()
    await request()
    const files = await filesOf(call)
    return [
      atMost(
        'warm-request-files',
        files.length,
        { bar: 85, goal: 85 },
        'files',
        'our files that one warm request runs through: four values in, an item written and read, four values out',
      ),
    ]
  } finally {
    client.destroy()
    await kms.close()
  }
}
