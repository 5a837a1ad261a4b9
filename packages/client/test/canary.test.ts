/** Marked values and all keys of a session: everything that comes out of a client is searched for them. */
import { createClient } from '@glassine/client'
import { leaksOf } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import { fields, patient, pointers } from './support/patient.ts'
import { type ReferenceOptions, ReferenceService } from './support/reference-service.ts'

const mark = 'MARKED-4711'
const marked = () => ({ ...patient(), ssn: mark, codes: [mark, 'code-b'] })
const post = (body: unknown = marked()) => ({ method: 'POST', body: body as never })

/** A client on a Web Crypto that keeps a copy of each secret drawn or derived there. */
const setUp = async (reference: ReferenceOptions = {}, options: object = {}) => {
  const keys: Buffer[] = []
  const { subtle } = globalThis.crypto
  const crypto = {
    getRandomValues: (out: Uint8Array<ArrayBuffer>) => {
      globalThis.crypto.getRandomValues(out)
      if (out.length === 32) keys.push(Buffer.from(out))
      return out
    },
    subtle: new Proxy(subtle, {
      get:
        (_, name: string) =>
        async (...given: any[]) => {
          const result = await (subtle as any)[name](...given)
          if (name === 'deriveBits') keys.push(Buffer.from(new Uint8Array(result)))
          return result
        },
    }),
  }
  const service = await ReferenceService.start(reference)
  const sent: unknown[] = []
  const api = createClient({
    baseUrl: 'https://api.example.com',
    fields: fields as never,
    crypto: crypto as never,
    fetch: (async (url: string, init: any) => {
      sent.push({ url, ...init, headers: [...new Headers(init.headers)] })
      return service.fetch(url, init)
    }) as never,
    ...options,
  })
  const leaks = (value: unknown) => {
    const named = Object.fromEntries(keys.map((key, at) => [`key ${at}`, key]))
    return leaksOf(value, { mark, ...named })
  }
  return { api, keys, leaks, sent }
}

const algorithms = ['ECDH-ES', 'RSA-OAEP-256'] as const
const modes = ['session', 'forward-secret'] as const
const combinations = algorithms.flatMap((alg) => modes.map((mode) => [alg, mode] as const))

test.each(combinations)(
  'no value and no key is in what leaves the device or in the client, %s, %s',
  async (alg, mode) => {
    const { api, keys, leaks, sent } = await setUp({ alg, ticket: true }, { response: { mode } })
    const response = await api.fetch('/patients', post())
    expect(leaks([api, sent])).toEqual([])
    await api.fetch('/patients', post())
    expect(leaks([api, sent])).toEqual([])
    expect([keys.length >= 3, sent.length]).toEqual([true, 3])
    // The returned response is where the values belong.
    expect(leaks(await response.json())).not.toEqual([])
  },
)

describe('no value and no key is in an error', () => {
  const failing: Record<
    string,
    { code: string; reference?: ReferenceOptions; options?: object; body?: object }
  > = {
    'of a body that cannot be written': { code: 'ERR_BODY_INVALID', body: { ...marked(), id: 1n } },
    'of a value that cannot be sealed': {
      code: 'ERR_VALUE_INVALID',
      body: { ...marked(), ssn: new Map([[mark, mark]]) },
    },
    'of a field that is missing': { code: 'ERR_FIELD_MISSING', body: { ...marked(), address: mark } },
    'of a response in the clear': {
      code: 'ERR_FIELD_NOT_ENCRYPTED',
      reference: { answer: () => ({ body: marked() }) },
    },
    'of a response that is no JSON': {
      code: 'ERR_BODY_INVALID',
      reference: { answer: () => ({ body: mark, proof: false }) },
    },
    'of a value that is no JSON': { code: 'ERR_DECRYPT_FAILED', reference: { plaintext: mark } },
    'of a response for another place': {
      code: 'ERR_DECRYPT_FAILED',
      reference: { responseHeader: { p: `/${mark}` } },
    },
    'of an inner layer that is none': {
      code: 'ERR_DECRYPT_FAILED',
      reference: { nested: 'pretended', plaintext: mark },
      options: { response: { mode: 'forward-secret' } },
    },
  }
  test.each(Object.entries(failing))('if %s', async (_what, { code, reference, options, body }) => {
    const answer = () => ({ body: marked(), seal: pointers })
    const { api, leaks } = await setUp({ answer, ...reference }, options)
    const error = await api.fetch('/patients', post(body)).catch((thrown) => thrown)
    expect(error).toMatchObject({ code })
    expect(leaks([error, api])).toEqual([])
  })

  test('if Web Crypto throws, with any message', async () => {
    const { leaks, api } = await setUp(
      {},
      {
        crypto: {
          getRandomValues: (out: Uint8Array<ArrayBuffer>) => globalThis.crypto.getRandomValues(out),
          subtle: new Proxy(globalThis.crypto.subtle, {
            get: (target, name) => {
              if (name !== 'encrypt') return (target as any)[name].bind(target)
              return async (...given: any[]) => {
                throw Object.assign(new Error(mark), { given })
              }
            },
          }),
        },
      },
    )
    const error = await api.fetch('/patients', post()).catch((thrown) => thrown)
    expect(error).toMatchObject({ code: 'ERR_ENCRYPT_FAILED' })
    expect(leaks(error)).toEqual([])
  })
})

test('the search finds deliberate leaks: a value, and a key as bytes or as text', async () => {
  const { api, keys, leaks } = await setUp()
  await api.fetch('/patients', post())
  const key = keys[0]!
  expect(keys.length).toBeGreaterThanOrEqual(3)
  for (const leak of [
    new Error(mark),
    { body: JSON.stringify({ ssn: mark }) },
    Object.assign(new Error('failed'), { key }),
    { keys: [key.toString('base64url')] },
    new Error('failed', { cause: { bytes: new Uint8Array(key) } }),
  ])
    expect(leaks(leak)).not.toEqual([])
})
