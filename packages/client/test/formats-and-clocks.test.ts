/** The client against the service of this repository, with several formats and with clocks that differ. */
import { createClient } from '@glassine/client'
import { defineFields } from '@glassine/core'
import { keyMaterial } from '@glassine/keys'
import { localKeyring } from '@glassine/keys/raw-aes'
import { messageEnvelope } from '@glassine/message'
import { assertEncrypted, decryptRequest, encryptResponse } from '@glassine/middy'
import { jwksHandler } from '@glassine/middy/jwks'
import { localRecipient, publishedKeys, sessionEnvelope } from '@glassine/session'
import { sampleContext, sampleEvent } from '@glassine/testing'
import { expect, test } from '@jest/globals'
import middy from '@middy/core'
import httpErrorHandler from '@middy/http-error-handler'
import { clock } from './support/clock.ts'

interface Note {
  id: string
  title?: string
  text: string
}

const fields = defineFields<Note>('note', { text: {} })
const note: Note = { id: 'n-1', title: 'a title', text: 'a secret text' }

interface Setup {
  readonly partial?: boolean
  /** How far the device's clock, which is `Date.now` outside the service, is ahead, in ms. */
  readonly ahead?: number
}

/** A client whose `fetch` invokes two handlers: one for notes, one for the published keys. */
const setUp = ({ partial = false, ahead = 0 }: Setup = {}) => {
  const recipient = localRecipient()
  const devices = sessionEnvelope({ recipients: recipient, audience: 'https://api.example.com' })
  const services = messageEnvelope({ keys: keyMaterial({ keyring: localKeyring() }) })
  const seen: unknown[] = []
  const handler = middy(assertEncrypted({ fields }) as any)
    .use(httpErrorHandler({ logger: false }))
    .use(
      decryptRequest({
        fields,
        envelope: [{ envelope: services, from: () => false }, { envelope: devices }],
        partial,
      }),
    )
    .use(encryptResponse())
    .handler(async ({ body }: any): Promise<any> => {
      seen.push(body)
      return { statusCode: 200, body: { ...note, ...body } }
    })
  const keys = jwksHandler({ keySet: publishedKeys({ recipients: recipient }) })
  const fetch = async (input: unknown, init: RequestInit = {}): Promise<Response> => {
    const { pathname: path } = new URL(String(input))
    const isKeys = path === '/.well-known/jwks.json'
    const headers = Object.fromEntries(new Headers(init.headers))
    const body = init.body ? JSON.parse(init.body as string) : undefined
    // The stage comes before the paths of the API's resources.
    const event = sampleEvent('rest', {
      method: init.method ?? 'GET',
      path: path.replace(/^\/prod/, ''),
      headers,
      body,
    })
    const answer: any = await clock(-ahead, async () =>
      isKeys ? keys(event) : handler(event as any, sampleContext()),
    )
    const date = new Date(Date.now() - ahead).toUTCString()
    return new Response(answer.body || null, {
      status: answer.statusCode,
      headers: { date, ...answer.headers },
    })
  }
  const api = createClient({ baseUrl: 'https://api.example.com/prod', fields, fetch: fetch as never })
  return { api, seen }
}

test('a partial document without a declared field is answered under its own keys', async () => {
  const { api, seen } = setUp({ partial: true })
  const init = { method: 'PATCH', partial: true, body: { title: 'another' } } as const
  expect(await (await api.fetch('/notes/1', init)).json()).toEqual({ ...note, title: 'another' })
  expect(seen).toEqual([{ title: 'another' }])
})

test.each([-840_000, -120_000, 120_000, 840_000])(
  'a device whose clock is off by %d ms learns the time',
  async (ahead) => {
    const { api } = setUp({ ahead })
    await clock(ahead, async () => {
      for (let turn = 0; turn < 2; turn++)
        expect(await (await api.fetch('/notes/1', { method: 'PUT', body: note })).json()).toEqual(note)
    })
  },
)
