// Items through the client of the AWS SDK and a DynamoDB server on this machine, with and without encryption; and the
// number of KMS calls for many items.
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb'
import { defineFields } from '@glassine/core'
import { type SuiteName, withEncryption } from '@glassine/dynamodb'
import { hierarchicalKeyring, keyStore } from '@glassine/keys/key-store'
import { startLocalKms } from '@glassine/local-kms'
import { type LocalDynamoDB, startLocalDynamoDB, withoutTransactions } from '@glassine/testing/dynamodb'
import pc from 'picocolors'
import { atMost, type BenchOptions, type Figure, reported } from './figure.ts'

const names = Array.from({ length: 10 }, (_, at) => `field${at}`)
const fields = defineFields<Record<string, string>>(
  'item',
  Object.fromEntries(names.map((name) => [name, {}])),
)
const item = Object.fromEntries(names.map((name) => [name, '0123456789abcdef0123456789abcdef']))
const TableName = 'Items'

const servicesOn = async (server: LocalDynamoDB) => {
  const kms = await startLocalKms()
  const { arn } = await kms.createKey()
  const client = new DynamoDBClient(server.clientOptions)
  const store = keyStore({
    tableName: 'BranchKeys',
    logicalKeyStoreName: 'BranchKeys',
    kms: { keyArn: arn, awsClientOptions: kms.clientOptions, insecureEndpoint: kms.endpoint },
    dynamoDB: {
      client: server.kind === 'dynalite' ? withoutTransactions(client) : client,
      insecureEndpoint: server.endpoint,
    },
  })
  await store.createKeyStore()
  await store.createKey({ branchKeyId: 'tenant-1', encryptionContext: { tenant: '1' } })
  await client.send(
    new CreateTableCommand({
      TableName,
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  )
  const plain = DynamoDBDocumentClient.from(client)
  return {
    kms,
    plain,
    /** A client as in a new environment: with nothing cached. */
    encrypting: (suite: SuiteName) => {
      const keyring = hierarchicalKeyring({
        keyStore: store,
        branchKeyId: ({ tenant }) => `tenant-${tenant}`,
      })
      const tables = { [TableName]: { fields, keys: keyring, partitionKey: 'id', suite } }
      return withEncryption(plain, { tables, invocation: { tenant: '1' } })
    },
    close: async () => {
      client.destroy()
      await kms.close()
    },
  }
}

type Services = Awaited<ReturnType<typeof servicesOn>>

const put = (client: DynamoDBDocumentClient, id: string) =>
  client.send(new PutCommand({ TableName, Item: { id, ...item } }))

const get = async (client: DynamoDBDocumentClient, id: string): Promise<void> => {
  const { Item } = await client.send(new GetCommand({ TableName, Key: { id } }))
  if (Item?.field0 !== item.field0) throw new Error('an item differs')
}

/** 1,000 items of one tenant, written and read, in an environment that starts cold. */
const kmsCalls = async ({ kms, encrypting }: Services): Promise<Figure> => {
  const client = encrypting('0x6700')
  const ids = Array.from({ length: 1000 }, (_, at) => `i-${at}`)
  kms.resetCalls()
  for (let at = 0; at < ids.length; at += 50) {
    const some = ids.slice(at, at + 50)
    await Promise.all(some.map((id) => put(client, id)))
    await Promise.all(some.map((id) => get(client, id)))
  }
  const what = '1,000 items of one tenant written and read, 50 at once, local KMS and key store, from cold'
  return atMost('items1000-kms-calls', kms.callCount(), 1, 'calls', what)
}

/** Times single requests in turn, so that anything that slows the machine slows all of them. */
const latencies = async ({ plain, encrypting }: Services, rounds: number): Promise<Figure[]> => {
  const clients = { plain, encrypted: encrypting('0x6700'), signed: encrypting('0x6701') }
  const works = Object.entries({ put, get }).flatMap(([operation, work]) =>
    Object.entries(clients).map(([kind, client]) => ({
      name: `${operation}-${kind}`,
      run: () => work(client, kind),
      times: [] as number[],
    })),
  )
  for (let round = -200; round < rounds; round++)
    for (const { run, times } of works) {
      const start = process.hrtime.bigint()
      await run()
      if (round >= 0) times.push(Number(process.hrtime.bigint() - start) / 1000)
    }
  return works.flatMap(({ name, times }) => {
    const sorted = times.toSorted((a, b) => a - b)
    const what = `one request of ten 32-byte attributes through the document client to Dynoxide: ${name}`
    return ([50, 99] as const).map((percent) =>
      reported(`${name}-p${percent}-us`, sorted[Math.floor((sorted.length * percent) / 100)]!, 'us', what),
    )
  })
}

/** All figures of tables. */
export const tableFigures = async ({ rounds, kinds }: BenchOptions): Promise<readonly Figure[]> => {
  const server = await startLocalDynamoDB()
  try {
    const services = await servicesOn(server)
    try {
      const figures = [await kmsCalls(services)]
      if (!kinds.includes('time')) return figures
      if (server.kind !== 'dynoxide')
        console.error(pc.yellow('no latencies of Put and Get: Dynoxide cannot run here'))
      else figures.push(...(await latencies(services, rounds * 50)))
      return figures
    } finally {
      await services.close()
    }
  } finally {
    await server.close()
  }
}
