/** Marked values and keys; everything that comes out of sessions is searched for them. */
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { keyMaterial } from '@glassine/keys'
import { localKeyring } from '@glassine/keys/raw-aes'
import { decryptRequest, encryptResponse } from '@glassine/middy'
import { localRecipient, type Recipient, sessionEnvelope } from '@glassine/session'
import { leaksOf } from '@glassine/test-support'
import { sampleContext, sampleEvent } from '@glassine/testing'
import { describe, expect, test } from '@jest/globals'
import middy from '@middy/core'
import httpErrorHandler from '@middy/http-error-handler'
import { audience, b64u, beginSession, type DeviceSession, sealFields } from './support/device.ts'
import { fields, opened, patient, scope, sealed } from './support/patient.ts'

const mark = 'MARKED-4711'
const marked = {
  ...patient,
  ssn: `${mark}-ssn`,
  email: `${mark}-email`,
  address: { ...patient.address, street: `${mark}-street` },
  visits: patient.visits.map((visit) => ({ ...visit, note: `${mark}-note` })),
}
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const recipient = localRecipient({ privateKey })
const [jwk] = await recipient.jwks({ deadline: () => Date.now() + 1_000 })
const d = Buffer.from(privateKey.export({ format: 'jwk' }).d!, 'base64url')
const ticketKey = randomBytes(32)

/** Where a marked value, a key of the session or one of the service is found, in any notation. */
const leaks = (value: unknown, { q, r }: DeviceSession) => leaksOf(value, { mark, q, r, d, ticketKey })

const expectNothing = (value: unknown, session: DeviceSession): void => {
  expect(leaks(value, session)).toEqual([])
}

describe('no part of a value or a key is in', () => {
  test('envelopes, replies, prepared payloads and recipients', async () => {
    const envelope = sessionEnvelope({
      recipients: recipient,
      audience,
      ticketKeys: keyMaterial({ keyring: localKeyring({ key: ticketKey }) }),
    })
    const session = await beginSession(jwk, { forwardSecret: true })
    const prepared = await envelope.prepareOpen(
      await sealFields(session, marked, fields, scope),
      fields,
      scope,
    )
    expectNothing([envelope, prepared, prepared.reply, recipient], session)
    prepared.finish()
    const reply = await prepared.reply!.prepareSeal(marked, fields, scope)
    expectNothing([envelope, prepared, prepared.reply, reply], session)
    expectNothing(reply.finish(), session)
  })

  test('any error', async () => {
    const session = await beginSession(jwk)
    const good = await sealFields(session, marked, fields, scope)
    const throwing: Recipient = {
      jwks: recipient.jwks,
      unwrap: () => Promise.reject(new Error(`${mark} ${b64u(session.q)}`)),
    }
    const wrong: Recipient = { jwks: recipient.jwks, unwrap: async () => mark as never }
    const attempts: [Recipient, any, object?][] = [
      [recipient, { ...good, ssn: `${mark}-1` }],
      [recipient, { ...good, ssn: { [mark]: mark } }],
      [recipient, { ...good, ssn: good.email }],
      [recipient, { ...good, $jwe: mark }],
      [
        recipient,
        await sealFields(
          await beginSession(jwk, { plaintext: () => `${mark} is no JSON` }),
          marked,
          fields,
          scope,
        ),
      ],
      [recipient, { ...good, visits: mark }],
      [recipient, good, { binding: { tenant: 't-2' } }],
      [throwing, good],
      [wrong, good],
    ]
    for (const [one, body, options] of attempts) {
      const error = await opened(sessionEnvelope({ recipients: one, audience }), body, options).catch(
        (thrown) => thrown,
      )
      expect(error).toBeInstanceOf(Error)
      expectNothing(error, session)
    }
    const { reply } = await opened(sessionEnvelope({ recipients: recipient, audience }), good)
    for (const bad of [
      { ...marked, ssn: 1n },
      { ...marked, ssn: new Map([[mark, 1]]) },
      { ...marked, $jwe: mark },
      mark,
    ]) {
      const error = await sealed(reply, bad).catch((thrown) => thrown)
      expect(error).toBeInstanceOf(Error)
      expectNothing(error, session)
    }
  })

  test('error responses to wrong responses of handlers', async () => {
    const envelope = sessionEnvelope({ recipients: recipient, audience })
    const responses: (() => unknown)[] = [
      () => ({ statusCode: 200, body: marked }),
      () => ({ statusCode: 500, body: JSON.stringify(marked) }),
      () => marked,
      () => ({ statusCode: 200, body: { ...marked, $jwe: mark } }),
      () => ({ statusCode: 200, body: [marked] }),
      () => {
        throw Object.assign(new Error('failed'), { statusCode: 418, expose: true })
      },
    ]
    for (const answer of responses) {
      const session = await beginSession(jwk)
      const handler = middy()
        .use(httpErrorHandler({ logger: false }))
        .use(decryptRequest({ fields, envelope }))
        .use(encryptResponse())
        .handler(async () => answer() as any)
      const event: any = sampleEvent('http-api', {
        method: 'PUT',
        path: '/patients',
        body: await sealFields(session, marked, fields, {
          resource: { method: 'PUT', path: '/patients', query: [] },
        }),
      })
      const response = await handler(event, sampleContext({ timeoutMs: 60_000 })).catch(
        (thrown: unknown) => thrown,
      )
      expectNothing(response, session)
    }
  })
})

describe('the search finds a deliberate leak', () => {
  test.each<[string, (session: DeviceSession) => unknown]>([
    ['a payload', () => marked],
    ['the message of an error', () => new Error(marked.ssn)],
    ['a key as text', ({ q }) => ({ key: b64u(q) })],
    ['a key as it is', ({ r }) => Object.assign(new Error('failed'), { details: [r] })],
    ['a key in a cause', ({ q }) => new Error('failed', { cause: { keys: new Uint8Array(q) } })],
    ['a part of a key', ({ q }) => ({ plaintext: Buffer.concat([randomBytes(5), q.subarray(4, 20)]) })],
    ["the recipient's own key", () => ({ jwk: privateKey.export({ format: 'jwk' }) })],
    ['a key of tickets', () => new Map([['key', ticketKey]])],
  ])('in %s', async (_what, leak) => {
    const session = await beginSession(jwk)
    expect(leaks(leak(session), session)).not.toEqual([])
  })
})
