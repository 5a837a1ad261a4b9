// What docs/declare-fields.md says about a declaration that changes, for messages, bundles, sessions and items.
import { createClient } from '@glassine/client'
import { defineFields, type GlassineError } from '@glassine/core'
import { itemEncryptor } from '@glassine/dynamodb'
import { keyMaterial } from '@glassine/keys'
import { localKeyring } from '@glassine/keys/raw-aes'
import { messageEnvelope } from '@glassine/message'
import { decryptRequest, encryptResponse } from '@glassine/middy'
import { jwksHandler } from '@glassine/middy/jwks'
import { localRecipient, publishedKeys, sessionEnvelope } from '@glassine/session'
import { handlerFetch } from '@glassine/testing'
import { describe, expect, test } from '@jest/globals'
import middy from '@middy/core'
import httpErrorHandler from '@middy/http-error-handler'

type Patient = { id: string; ssn: string; email?: string }
const before = defineFields<Patient>('patient', { ssn: {} })
const optional = defineFields<Patient>('patient', { ssn: {}, email: { optional: true } })
const after = defineFields<any>('patient', { ssn: {}, email: {} })

const without: Patient = { id: 'p-1', ssn: '078-05-1120' }
const withEmail: Patient = { ...without, email: 'ada@example.com' }

/** What came of it: `opens`, or the code of the refusal. */
const outcome = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'opens',
    ({ code }: GlassineError) => code,
  )

describe.each(['field', 'bundle'] as const)('a message of the shape %s', (shape) => {
  const envelope = messageEnvelope({
    keys: keyMaterial({ keyring: localKeyring() }),
    shape: shape as 'field',
  })
  const scope = { binding: { tenant: 't-1' }, use: 'request' } as const
  const sent = async (payload: Patient, sender: any, receiver: any) => {
    const body = await envelope.encrypt(payload, sender, scope)
    return outcome(envelope.decrypt(body as never, receiver, scope))
  }

  test.each([
    ['without the field, to a receiver that knows it', without, before, optional, 'opens'],
    ['without the field, from a sender that knows it', without, optional, before, 'opens'],
    ['with the field, where all know it', withEmail, optional, after, 'opens'],
    ['with the field, to a receiver that is behind', withEmail, optional, before, 'ERR_DECRYPT_FAILED'],
    ['without the field, to a receiver that is ahead', without, before, after, 'ERR_FIELD_MISSING'],
    ['in the clear, to a receiver that is ahead', withEmail, before, optional, 'ERR_FIELD_NOT_ENCRYPTED'],
  ])('%s', async (_name, payload, sender, receiver, expected) => {
    expect(await sent(payload, sender, receiver)).toBe(expected)
  })
})

describe('a session', () => {
  const recipients = localRecipient()
  const audience = 'https://api.example.com'
  const keys = jwksHandler({ keySet: publishedKeys({ recipients }) })
  const bind = () => ({ tenant: 't-1' })
  const sent = async (payload: Patient, device: any, service: any, adds: object = {}) => {
    const onRefused = () => {}
    const handler = middy()
      .use(httpErrorHandler({ logger: false }))
      .use(
        decryptRequest({
          fields: service,
          envelope: sessionEnvelope({ recipients, audience }),
          bind,
          onRefused,
        }),
      )
      .use(encryptResponse({ onRefused }))
      .handler(async (event: any) => ({ statusCode: 200, body: { ...event.body, ...adds } }))
    const fetch = handlerFetch({ '/.well-known/jwks.json': keys, '*': handler })
    const api = createClient({ baseUrl: audience, fields: device, bind, fetch })
    const response = await api.fetch('/patients', { method: 'POST', body: payload })
    return response.status
  }

  test('without the field, either way', async () => {
    expect(await sent(without, before, optional)).toBe(200)
    expect(await sent(without, optional, before)).toBe(200)
  })

  test('the service refuses what it does not know, and the device does not return it', async () => {
    expect(await sent(withEmail, optional, before)).toBe(400)
    const response = sent(without, before, optional, { email: withEmail.email })
    await expect(response).rejects.toMatchObject({ code: 'ERR_DECRYPT_FAILED' })
  })
})

test('a row: an attribute that was in the clear is refused, one that was encrypted opens under both', async () => {
  const keys = keyMaterial({ keyring: localKeyring() })
  const rows = (fields: any) => itemEncryptor({ table: 'Patients', fields, keys, partitionKey: 'id' })
  const item = { id: { S: 'p-1' }, ssn: { S: withEmail.ssn }, email: { S: withEmail.email! } }
  const opened = async (writer: any, reader: any) =>
    rows(reader).decryptItem(await rows(writer).encryptItem(item))
  expect(await opened(optional, before)).toEqual(item)
  expect(await opened(optional, after)).toEqual(item)
  await expect(opened(before, optional)).rejects.toMatchObject({
    code: 'ERR_DECRYPT_FAILED',
    cause: { reason: 'a declared field is in the clear' },
  })
})
