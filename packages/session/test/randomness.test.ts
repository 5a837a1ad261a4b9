/** What must never repeat: within one response, and from one to the next. */
import { keyMaterial } from '@glassine/keys'
import { localKeyring } from '@glassine/keys/raw-aes'
import {
  dynamodbReplayStore,
  localRecipient,
  type SessionEnvelopeOptions,
  sessionEnvelope,
} from '@glassine/session'
import { expectFresh } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import { compactDecrypt, decodeProtectedHeader } from 'jose'
import { audience, beginSession, type DeviceSession } from './support/device.ts'
import { opened, patient, sealed } from './support/patient.ts'

const recipient = localRecipient()
const [jwk] = await recipient.jwks({ deadline: () => Date.now() + 1_000 })
const bytes = (text: unknown): Buffer => Buffer.from(text as string, 'base64url')
const ivOf = (token: string): Buffer => bytes(token.split('.')[2])

/** The tokens in a response to the patient, in the order of the declaration. */
const tokensIn = ({ ssn, email, address, visits }: any): readonly string[] => [
  ssn,
  email,
  address.street,
  ...visits.map(({ note }: any) => note),
]

/** Answers to requests without a body: all of one session, or of as many sessions. */
const responses = async (
  count: number,
  { forwardSecret = false, ...options }: Partial<SessionEnvelopeOptions> & { forwardSecret?: boolean } = {},
  session?: DeviceSession,
) => {
  const envelope = sessionEnvelope({ recipients: recipient, audience, ...options })
  return Promise.all(
    Array.from({ length: count }, async () => {
      const device = session ?? (await beginSession(jwk, { forwardSecret }))
      const { reply } = await opened(envelope, undefined, { sessionHeader: device.carrier })
      return { device, response: await sealed(reply, patient) }
    }),
  )
}

describe('the IV of a sealed field', () => {
  test('is fresh within a response and between responses of one session', async () => {
    const session = await beginSession(jwk)
    const all = await responses(4, {}, session)
    expectFresh(
      all.flatMap(({ response }) => tokensIn(response).map(ivOf)),
      12,
    )
  })

  test('is fresh in both layers of forward-secret responses', async () => {
    const session = await beginSession(jwk, { forwardSecret: true })
    const all = await responses(4, {}, session)
    const outer = all.flatMap(({ response }) => tokensIn(response))
    const inner = await Promise.all(
      outer.map(async (token) =>
        Buffer.from((await compactDecrypt(token, session.r)).plaintext).toString('latin1'),
      ),
    )
    expectFresh([...outer, ...inner].map(ivOf), 12)
  })

  test('is fresh in a bundle', async () => {
    const session = await beginSession(jwk)
    const all = await responses(8, { shape: 'bundle' }, session)
    expectFresh(
      all.map(({ response }) => ivOf(response.sealed)),
      12,
    )
  })
})

test('the IV of a ticket is fresh, even for the same session and key', async () => {
  const ticket = keyMaterial({ keyring: localKeyring() })
  const all = await responses(8, { ticketKeys: ticket }, await beginSession(jwk))
  const tickets = all.map(({ response }) => response.$jwe)
  expect(new Set(tickets.map((one) => decodeProtectedHeader(one).kid)).size).toBe(1)
  expectFresh(tickets.map(ivOf), 12)
})

test('the ephemeral key of a forward-secret response is fresh for each response of one session', async () => {
  const session = await beginSession(jwk, { forwardSecret: true })
  const all = await responses(8, {}, session)
  const points = await Promise.all(
    all.map(async ({ response }) => {
      const { plaintext } = await compactDecrypt(response.ssn, session.r)
      return bytes((decodeProtectedHeader(new TextDecoder().decode(plaintext)).epk as any).x)
    }),
  )
  expectFresh(points, 32)
})

test('the number of a response is fresh, even for the same request', async () => {
  const session = await beginSession(jwk)
  const all = await responses(8, {}, session)
  const numbers = all.map(({ response }) => decodeProtectedHeader(response.ssn).jti)
  expectFresh(numbers.map(bytes), 16)
})

test('the key of a local recipient is fresh, and stays the same in one recipient', async () => {
  const call = { deadline: () => Date.now() + 1_000 }
  const recipients = Array.from({ length: 8 }, () => localRecipient())
  const keys = await Promise.all(recipients.map(async (one) => (await one.jwks(call))[0] as any))
  expectFresh(
    keys.map(({ x }) => bytes(x)),
    32,
  )
  expect(await recipients[0]!.jwks(call)).toEqual([keys[0]])
})

test('a replay store writes a fresh number with each payload, and the same one when it retries', async () => {
  const written: any[] = []
  let lose = true
  const client = {
    send: async ({ input }: any) => {
      written.push(input)
      lose = !lose
      if (!lose) throw Object.assign(new Error(), { name: 'TimeoutError' })
      return {}
    },
  }
  const store = dynamodbReplayStore({ tableName: 'Replays', client: client as never })
  for (let turn = 0; turn < 8; turn++) expect(await store.spend('an id', 2_000_000_000, {})).toBe(true)
  const numbers = written.map(({ Item }) => Buffer.from(Item.nonce.B))
  expect(numbers).toHaveLength(16)
  for (const [at, { Item, ExpressionAttributeValues }] of written.entries()) {
    expect(ExpressionAttributeValues[':nonce']).toEqual(Item.nonce)
    expect(numbers[at]).toEqual(numbers[at - (at % 2)])
  }
  expectFresh(
    numbers.filter((_, at) => at % 2 === 0),
    16,
  )
})
