/** What must never repeat: within a request, between requests, and between sessions. */
import { constants, privateDecrypt } from 'node:crypto'
import { createClient } from '@glassine/client'
import { expectFresh } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import { decodeProtectedHeader } from 'jose'
import { bytes, capture, ivOf, tokensIn } from './support/captured.ts'
import { fields, patient } from './support/patient.ts'
import { ReferenceService } from './support/reference-service.ts'

describe('the IV of a sealed field', () => {
  test('is fresh within a request and between requests of one session', async () => {
    const { send } = await capture('ECDH-ES')
    const all = await send(3)
    expect(new Set(all.map(({ keys }) => keys.q.k)).size).toBe(1)
    expectFresh(
      all.flatMap(({ body }) => tokensIn(body).map(ivOf)),
      12,
    )
  })

  test('is fresh in bundles of one session', async () => {
    const { send } = await capture('ECDH-ES', { shape: 'bundle' })
    expectFresh(
      (await send(8)).map(({ body }) => ivOf(body.sealed)),
      12,
    )
  })
})

test('the number of a request is fresh, and all its fields share it', async () => {
  const { send } = await capture('ECDH-ES')
  const numbers = (await send(8)).map(({ body }) => {
    const [one, ...others] = new Set(tokensIn(body).map((token) => decodeProtectedHeader(token).jti))
    expect(others).toEqual([])
    return bytes(one)
  })
  expectFresh(numbers, 16)
})

test('the number of a request that may be sent twice is fresh, and both attempts share it', async () => {
  const service = await ReferenceService.start()
  const rids: string[] = []
  const api = createClient({
    baseUrl: 'https://api.example.com',
    fields: fields as never,
    retry: 'all',
    fetch: (async (url: string, init: any) => {
      if (init.body) rids.push(decodeProtectedHeader(JSON.parse(init.body).ssn).rid as string)
      return service.fetch(url, init)
    }) as never,
  })
  for (let turn = 0; turn < 8; turn++) {
    service.problems = ['session-expired']
    await api.fetch('/patients', { method: 'POST', body: patient() as never })
  }
  const [first, second] = [0, 1].map((which) => rids.filter((_, at) => at % 2 === which))
  expect(first).toEqual(second)
  expectFresh(first!.map(bytes), 16)
})

describe.each(['ECDH-ES', 'RSA-OAEP-256'] as const)('the keys of a session to %s', (alg) => {
  test('are fresh, and so are its id and the IV that encrypts them', async () => {
    const { send } = await capture(alg)
    const all = await send(8, { sessions: 'each' })
    // If a request key were a response key of another session, one key would have two uses.
    expectFresh(
      all.flatMap(({ keys: { q, r } }) => [q, r].map(({ k }) => bytes(k))),
      32,
    )
    expectFresh(
      all.map(({ keys: { q } }) => bytes(q.kid.split('.')[0])),
      16,
    )
    expectFresh(
      all.map(({ body }) => ivOf(body.$jwe)),
      12,
    )
  })
})

test('the ephemeral key that a session is encrypted with is fresh for each session to one key', async () => {
  const { send } = await capture('ECDH-ES')
  const all = await send(8, { sessions: 'each' })
  expect(new Set(all.map(({ header }) => header.kid)).size).toBe(1)
  expectFresh(
    all.map(({ header }) => bytes(header.epk.x)),
    32,
  )
})

test('the content key that RSA encrypts is fresh for each session', async () => {
  const { send, privateKey } = await capture('RSA-OAEP-256')
  const oaep = { key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }
  const all = await send(8, { sessions: 'each' })
  expectFresh(
    all.map(({ body }) => privateDecrypt(oaep, bytes(body.$jwe.split('.')[1]))),
    32,
  )
})

test("the device's key for forward-secret responses is fresh for each session", async () => {
  const { send } = await capture('ECDH-ES', { response: { mode: 'forward-secret', required: false } })
  const all = await send(8, { sessions: 'each' })
  expectFresh(
    all.map(({ keys: { e } }) => bytes(e.x)),
    32,
  )
  for (const { header, keys } of all) expect(header.epk.x).not.toBe(keys.e.x)
})
