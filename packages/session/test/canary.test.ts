/** Marked values and keys, and a search of everything that comes out of sessions. */
import { inspect } from 'node:util'
import { keyMaterial } from '@glassine/keys'
import { localKeyring } from '@glassine/keys/raw-aes'
import { decryptRequest, encryptResponse } from '@glassine/middy'
import { localRecipient, type Recipient, sessionEnvelope } from '@glassine/session'
import { sampleContext, sampleEvent } from '@glassine/testing'
import { describe, expect, test } from '@jest/globals'
import middy from '@middy/core'
import httpErrorHandler from '@middy/http-error-handler'
import { audience, b64u, beginSession, type DeviceSession, sealFields } from './support/device.ts'
import { fields, opened, patient, scope, sealed } from './support/patient.ts'

const marked = {
  ...patient,
  ssn: 'MARK-1',
  email: 'MARK-2',
  address: { ...patient.address, street: 'MARK-3' },
  visits: patient.visits.map((visit) => ({ ...visit, note: 'MARK-4' })),
}
const recipient = localRecipient()
const [jwk] = await recipient.jwks({ deadline: () => Date.now() + 1_000 })

/** All that a logger, a tracer or Lambda's runtime could write of a value. */
const seenIn = (value: unknown): string => {
  const texts = [inspect(value, { depth: 20, showHidden: true, getters: true })]
  if (value instanceof Error)
    texts.push(value.message, String(value.stack), JSON.stringify(Object.getOwnPropertyDescriptors(value)))
  try {
    texts.push(JSON.stringify(value) ?? '')
  } catch {
    // A cycle, which inspect has shown.
  }
  return texts.join('\n')
}

const secretsOf = ({ q, r }: DeviceSession): readonly string[] => [
  'MARK-',
  ...[q, r].flatMap((key) =>
    (['base64url', 'hex', 'base64', 'latin1'] as const).map((form) => key.toString(form)),
  ),
]

const expectNothing = (seen: string, session: DeviceSession): void => {
  for (const secret of secretsOf(session)) expect(seen).not.toContain(secret)
}

describe('nothing of a value or a key is in', () => {
  test('envelopes, replies, prepared payloads and recipients', async () => {
    const envelope = sessionEnvelope({
      recipient,
      audience,
      ticket: keyMaterial({ keyring: localKeyring() }),
    })
    const session = await beginSession(jwk, { forwardSecret: true })
    const prepared = await envelope.prepareOpen(
      await sealFields(session, marked, fields, scope),
      fields,
      scope,
    )
    expectNothing(seenIn([envelope, prepared, prepared.reply, recipient]), session)
    prepared.finish()
    const reply = await prepared.reply!.prepareSeal(marked, fields, scope)
    expectNothing(seenIn([envelope, prepared, prepared.reply, reply]), session)
    expectNothing(seenIn(reply.finish()), session)
  })

  test('errors, whatever is wrong', async () => {
    const session = await beginSession(jwk)
    const good = await sealFields(session, marked, fields, scope)
    const throwing: Recipient = {
      jwks: recipient.jwks,
      unwrap: () => Promise.reject(new Error(`MARK- ${b64u(session.q)}`)),
    }
    const wrong: Recipient = { jwks: recipient.jwks, unwrap: async () => 'MARK-' as never }
    const attempts: [Recipient, any, object?][] = [
      [recipient, { ...good, ssn: 'MARK-1' }],
      [recipient, { ...good, ssn: { MARK: 'MARK-1' } }],
      [recipient, { ...good, ssn: good.email }],
      [recipient, { ...good, $jwe: 'MARK-' }],
      [
        recipient,
        await sealFields(
          await beginSession(jwk, { plaintext: () => 'MARK- no JSON' }),
          marked,
          fields,
          scope,
        ),
      ],
      [recipient, { ...good, visits: 'MARK-' }],
      [recipient, good, { binding: { tenant: 't-2' } }],
      [throwing, good],
      [wrong, good],
    ]
    for (const [one, body, options] of attempts) {
      const error = await opened(sessionEnvelope({ recipient: one, audience }), body, options).catch(
        (thrown) => thrown,
      )
      expect(error).toBeInstanceOf(Error)
      expectNothing(seenIn(error), session)
    }
    const { reply } = await opened(sessionEnvelope({ recipient, audience }), good)
    for (const bad of [
      { ...marked, ssn: 1n },
      { ...marked, ssn: new Map([['MARK-', 1]]) },
      { ...marked, $jwe: 'MARK-' },
      'MARK-',
    ]) {
      const error = await sealed(reply, bad).catch((thrown) => thrown)
      expect(error).toBeInstanceOf(Error)
      expectNothing(seenIn(error), session)
    }
  })

  test('what handlers answer, in the clear or by mistake', async () => {
    const envelope = sessionEnvelope({ recipient, audience })
    const answers: (() => unknown)[] = [
      () => ({ statusCode: 200, body: marked }),
      () => ({ statusCode: 500, body: JSON.stringify(marked) }),
      () => marked,
      () => ({ statusCode: 200, body: { ...marked, $jwe: 'MARK-' } }),
      () => ({ statusCode: 200, body: [marked] }),
      () => {
        throw Object.assign(new Error('failed'), { statusCode: 418, expose: true })
      },
    ]
    for (const answer of answers) {
      const session = await beginSession(jwk)
      const handler = middy()
        .use(httpErrorHandler({ logger: false }))
        .use(decryptRequest({ fields, envelope }))
        .use(encryptResponse())
        .handler(async () => answer() as any)
      const event: any = sampleEvent('http-api', {
        method: 'PUT',
        path: '/patients',
        body: await sealFields(session, marked, fields, { route: 'PUT /patients' }),
      })
      const response = await handler(event, sampleContext({ timeoutMs: 60_000 })).catch(
        (thrown: unknown) => thrown,
      )
      expectNothing(seenIn(response), session)
    }
  })
})

test('the canary sings: it would find what it looks for', async () => {
  const session = await beginSession(jwk)
  for (const leak of [marked, new Error(marked.ssn), { key: b64u(session.q) }])
    expect(() => expectNothing(seenIn(leak), session)).toThrow()
})
