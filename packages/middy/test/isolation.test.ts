// Lambda Managed Instances run invocations of one environment at once: two tenants must share nothing but the keys.
import { keyMaterial } from '@glassine/keys'
import { rawAesKeyring } from '@glassine/keys/raw-aes'
import { messageEnvelope } from '@glassine/message'
import { decryptRequest, encryptResponse, fieldEncryption } from '@glassine/middy'
import { longOr, seed } from '@glassine/test-support'
import { sampleContext, sampleEvent } from '@glassine/testing'
import { describe, expect, test } from '@jest/globals'
import { fakeEnvelope } from './support/fake-envelope.ts'
import { majors } from './support/outcome.ts'
import { openedBy, patient, patientFields, requestOf, sealedBy } from './support/stack.ts'

const fields = patientFields
const tenants = ['t-a', 't-b'] as const
const tenantOf = (event: any): string => event.headers['x-tenant']

/** Gives way to others a few times, differently for each invocation and the same in every run. */
const pause = async (seed: number): Promise<void> => {
  for (let turn = (seed * 7) % 5; turn > 0; turn--) await null
  if (seed % 3 === 0) await new Promise((resolve) => setImmediate(resolve))
}

describe.each(majors)('interleaved invocations under Middy %s', (_, middy) => {
  const count = longOr(10_000, 1_000)
  const first = seed(0)

  test(
    `${count} of two tenants cross nothing`,
    async () => {
      const key = Buffer.alloc(32, 7)
      const keys = keyMaterial({ keyring: rawAesKeyring({ namespace: 'test', name: 'isolation', key }) })
      const envelope = messageEnvelope({ keys })
      const requests = await Promise.all(
        tenants.map(async (tenant) =>
          sealedBy(envelope, { ...patient, ssn: `ssn of ${tenant}` }, { tenant }),
        ),
      )
      const handler = middy()
        .use(
          fieldEncryption({
            fields,
            keys,
            bind: async (event) => {
              await null
              return { tenant: tenantOf(event) }
            },
          }),
        )
        .handler(async (event: any) => {
          await pause(Number(event.headers['x-turn']))
          return {
            statusCode: 200,
            body: {
              ...event.body,
              id: event.headers['x-turn'],
              notes: [`${event.body.ssn} for ${tenantOf(event)}`],
            },
          }
        })

      const atOnce = 250
      let wrong = 0
      for (let from = 0; from < count; from += atOnce) {
        const answers = await Promise.all(
          Array.from({ length: Math.min(atOnce, count - from) }, async (_, at) => {
            const turn = first + from + at
            const which = (turn * 13 + (turn >> 3)) % 2
            const tenant = tenants[which]!
            const event = sampleEvent('rest', {
              body: requests[which],
              headers: { 'x-tenant': tenant, 'x-turn': String(turn) },
            })
            return { turn, tenant, response: (await handler(event as never, sampleContext())) as any }
          }),
        )
        for (const { turn, tenant, response } of answers) {
          const opened = await openedBy(envelope, JSON.parse(response.body), { tenant })
          if (opened.id !== String(turn) || opened.notes[0] !== `ssn of ${tenant} for ${tenant}`) wrong++
        }
      }
      expect(wrong).toBe(0)
      // What one tenant got, the other cannot decrypt.
      const event = sampleEvent('rest', { body: requests[0], headers: { 'x-tenant': 't-a', 'x-turn': '1' } })
      const { body } = (await handler(event as never, sampleContext())) as any
      await expect(openedBy(envelope, JSON.parse(body), { tenant: 't-b' })).rejects.toMatchObject({
        code: 'ERR_DECRYPT_FAILED',
      })
    },
    longOr(3_600_000, 120_000),
  )

  test("a request under another tenant's name is refused each time, even among others", async () => {
    const envelope = fakeEnvelope()
    const handler = middy()
      .use(decryptRequest({ fields, envelope, bind: (event) => ({ tenant: tenantOf(event) }) }))
      .use(encryptResponse())
      .handler(async (event: any) => {
        await pause(Number(event.headers['x-turn']))
        return { statusCode: 200, body: event.body }
      })
    const sealed = await sealedBy(envelope, patient, { tenant: 't-a' })
    const outcomes = await Promise.all(
      Array.from({ length: 500 }, (_, turn) => {
        const tenant = turn % 7 === 0 ? 't-b' : 't-a'
        const event = sampleEvent('rest', {
          body: sealed,
          headers: { 'x-tenant': tenant, 'x-turn': String(turn) },
        })
        return handler(event as never, sampleContext()).then(
          () => 't-a',
          (error: { code: string }) => (error.code === 'ERR_DECRYPT_FAILED' ? 't-b' : error.code),
        )
      }),
    )
    expect(outcomes).toEqual(outcomes.map((_, turn) => (turn % 7 === 0 ? 't-b' : 't-a')))
  })

  test('one `internal` for all invocations, as Middy 6 has with the option of that name, mixes nothing', async () => {
    const envelope = fakeEnvelope()
    const shared = { internal: { settings: 1 } }
    const handler = middy(shared)
      .use(decryptRequest({ fields, envelope, bind: (event) => ({ tenant: tenantOf(event) }) }))
      .use(encryptResponse())
      .handler(async (event: any) => {
        await pause(Number(event.headers['x-turn']))
        return { statusCode: 200, body: event.body }
      })
    const bodies = await Promise.all(
      tenants.map((tenant) => sealedBy(envelope, { ...patient, ssn: tenant }, { tenant })),
    )
    const answers = await Promise.all(
      Array.from({ length: 200 }, async (_, turn) => {
        const tenant = tenants[turn % 2]!
        const headers = { 'x-tenant': tenant, 'x-turn': String(turn) }
        const event = sampleEvent('rest', { body: bodies[turn % 2], headers })
        const { body } = (await handler(event as never, sampleContext())) as any
        return (await openedBy(envelope, JSON.parse(body), { tenant })).ssn
      }),
    )
    expect(answers).toEqual(answers.map((_, turn) => tenants[turn % 2]))
    // Code that walks through `internal` finds nothing of ours.
    expect(Object.keys(shared.internal)).toEqual(['settings'])
    expect(JSON.stringify(shared.internal)).toBe('{"settings":1}')
    expect({ ...shared.internal }).toEqual({ settings: 1 })
  })

  test('the state of an invocation ends with it', async () => {
    const envelope = fakeEnvelope()
    const handler = middy()
      .use(decryptRequest({ fields, envelope, bind: () => ({ tenant: 't-a' }) }))
      .use(encryptResponse())
      .handler(async (event: any) => ({ statusCode: 200, body: event.body }))
    const sealed = await sealedBy(envelope, patient, { tenant: 't-a' })
    // Were anything left behind, the second would be taken for a second decryptRequest of the first.
    for (let turn = 0; turn < 3; turn++)
      expect(await handler(requestOf('rest', sealed), sampleContext())).toMatchObject({ statusCode: 200 })
  })
})
