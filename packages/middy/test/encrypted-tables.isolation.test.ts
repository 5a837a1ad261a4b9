// Two tenants in one environment, one client, one keyring: each invocation must write and read as its own tenant.
import { DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb'
import { keyMaterial } from '@glassine/keys'
import { messageEnvelope } from '@glassine/message'
import { decryptRequest, encryptResponse, fieldEncryption } from '@glassine/middy'
import { encryptedTables } from '@glassine/middy/tables'
import { longOr, seed } from '@glassine/test-support'
import { sampleContext, sampleEvent } from '@glassine/testing'
import { describe, expect, test } from '@jest/globals'
import { branchKeys } from './support/branch-keys.ts'
import { memoryTable } from './support/memory-table.ts'
import { majors } from './support/outcome.ts'
import { patientFields as fields, openedBy, patient, sealedBy } from './support/stack.ts'

const tenants = ['t-a', 't-b'] as const
const tenantOf = (event: any): string => event.headers['x-tenant']

const pause = async (seed: number): Promise<void> => {
  for (let turn = (seed * 7) % 5; turn > 0; turn--) await null
  if (seed % 3 === 0) await new Promise((resolve) => setImmediate(resolve))
}

const branchKeyOf = (row: any): string | undefined =>
  /tenant-t-[ab]/.exec(Buffer.from(row.aws_dbe_head.B, 'base64').toString('latin1'))?.[0]

const setUp = () => {
  const { client, rows } = memoryTable()
  const keys = keyMaterial({ keyring: branchKeys().keyring })
  const tables = encryptedTables({
    client: DynamoDBDocumentClient.from(client),
    tables: { Patients: { fields, keys, partitionKey: 'id', suite: '0x6700' } },
  })
  const bind = async (event: any) => {
    await null
    return { tenant: tenantOf(event) }
  }
  return { rows, keys, tables, bind, envelope: messageEnvelope({ keys, shape: 'bundle' }) }
}

describe.each(majors)('interleaved invocations under Middy %s', (major, middy) => {
  // The second major goes through the same code of ours; its own part is the order of hooks.
  const count = longOr(major === '7' ? 10_000 : 1_000, major === '7' ? 600 : 200)
  const first = seed(0)

  test(
    `${count} of two tenants write and read, and cross nothing`,
    async () => {
      const { rows, keys, tables, bind, envelope } = setUp()
      const handler = middy()
        .use(fieldEncryption({ fields, keys, shape: 'bundle', bind, tables }))
        .handler(async (event: any, context) => {
          const id = event.headers['x-turn']
          await pause(Number(id))
          await context.tables.send(new PutCommand({ TableName: 'Patients', Item: { ...event.body, id } }))
          await pause(Number(id) + 1)
          const { Item } = await context.tables.send(new GetCommand({ TableName: 'Patients', Key: { id } }))
          return { statusCode: 200, body: Item }
        })
      const requests = await Promise.all(
        tenants.map((tenant) => sealedBy(envelope, { ...patient, ssn: `ssn of ${tenant}` }, { tenant })),
      )
      const atOnce = 100
      let wrong = 0
      for (let from = 0; from < count; from += atOnce) {
        await Promise.all(
          Array.from({ length: Math.min(atOnce, count - from) }, async (_, at) => {
            const turn = first + from + at
            const which = (turn * 13 + (turn >> 3)) % 2
            const tenant = tenants[which]!
            const event = sampleEvent('rest', {
              body: requests[which],
              headers: { 'x-tenant': tenant, 'x-turn': String(turn) },
            })
            const { body } = (await handler(
              event as never,
              sampleContext({ timeoutMs: 60_000 }) as never,
            )) as any
            const opened = await openedBy(envelope, JSON.parse(body), { tenant })
            const row = rows.get(String(turn))
            if (opened.id !== String(turn) || opened.ssn !== `ssn of ${tenant}`) wrong++
            if (branchKeyOf(row) !== `tenant-${tenant}` || JSON.stringify(row).includes('ssn of')) wrong++
          }),
        )
      }
      expect(wrong).toBe(0)
      expect(rows.size).toBe(count)
    },
    longOr(3_600_000, 180_000),
  )

  test("another tenant's row is not decrypted, even among others", async () => {
    const { tables, bind, envelope } = setUp()
    const handler = middy()
      .use(decryptRequest({ fields, envelope, bind, partial: true }))
      .use(tables)
      .use(encryptResponse({ partial: true }))
      .handler(async (event: any, context) => {
        const { 'x-turn': turn, 'x-write': write, 'x-id': id } = event.headers
        await pause(Number(turn))
        if (write)
          await context.tables.send(new PutCommand({ TableName: 'Patients', Item: { ...patient, id } }))
        else await context.tables.send(new GetCommand({ TableName: 'Patients', Key: { id } }))
        return { statusCode: 204 }
      })
    const call = (headers: Record<string, string>) =>
      handler(
        sampleEvent('rest', { method: 'GET', headers }) as never,
        sampleContext({ timeoutMs: 60_000 }) as never,
      ).then(
        () => 'ok',
        (error: { code: string }) => error.code,
      )
    for (const tenant of tenants)
      await call({ 'x-tenant': tenant, 'x-id': tenant, 'x-turn': '0', 'x-write': '1' })
    const turns = Array.from({ length: 400 }, (_, turn) => turn)
    const outcomes = await Promise.all(
      turns.map((turn) =>
        call({
          'x-tenant': tenants[turn % 2]!,
          'x-id': tenants[turn % 7 === 0 ? 0 : turn % 2]!,
          'x-turn': `${turn}`,
        }),
      ),
    )
    const foreign = (turn: number) => turn % 7 === 0 && turn % 2 === 1
    expect(outcomes).toEqual(turns.map((turn) => (foreign(turn) ? 'ERR_DECRYPT_FAILED' : 'ok')))
  })

  test('sharing one context object, as tests and warm-up tools do, mixes nothing', async () => {
    const { rows, tables, bind, envelope } = setUp()
    const handler = middy()
      .use(decryptRequest({ fields, envelope, bind, partial: true }))
      .use(tables)
      .handler(async (event: any, context) => {
        const id = event.headers['x-turn']
        await pause(Number(id))
        await context.tables.send(new PutCommand({ TableName: 'Patients', Item: { ...patient, id } }))
      })
    const context = sampleContext({ timeoutMs: 60_000 })
    const before = Reflect.ownKeys(context)
    await Promise.all(
      Array.from({ length: 200 }, (_, turn) => {
        const headers = { 'x-tenant': tenants[turn % 2]!, 'x-turn': String(turn) }
        return handler(sampleEvent('rest', { method: 'GET', headers }) as never, context as never)
      }),
    )
    expect(rows.size).toBe(200)
    for (const [id, row] of rows) expect(branchKeyOf(row)).toBe(`tenant-${tenants[Number(id) % 2]}`)
    expect(Reflect.ownKeys(context)).toEqual(before)
  })
})
