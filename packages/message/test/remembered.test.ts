// Everything that is computed once and cached must be bounded, and must never be mistaken for something else.

import type { Keyring } from '@glassine/keys'
import { boundedMap } from '@glassine/keys/internal'
import { rejection } from '@glassine/test-support'
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { decrypt, encrypt } from '../src/bytes/index.ts'
import { messageEnvelope } from '../src/index.ts'
import { expectUniformFailure } from './support/expect.ts'
import { rawKeyring, rawKeys } from './support/keys.ts'
import { one } from './support/models.ts'

afterEach(() => {
  jest.restoreAllMocks()
})

test('a bounded map drops its oldest entry', () => {
  const map = boundedMap<number>()
  for (let at = 0; at < 1_001; at++) map.set(`key-${at}`, at)
  expect(map.get('key-0')).toBeUndefined()
  expect(map.get('key-1')).toBe(1)
  expect(map.get('key-1000')).toBe(1_000)
})

test('more tenants than the cache holds are served correctly', async () => {
  const services = messageEnvelope({ use: 'store:test', keys: rawKeys() })
  const tenants = Array.from({ length: 1_100 }, (_, at) => `t-${at}`)
  const sealed = await Promise.all(
    tenants.map((tenant) => services.encrypt({ ssn: tenant }, one, { binding: { tenant } })),
  )
  for (const [at, tenant] of tenants.entries())
    expect(await services.decrypt(sealed[at]!, one, { binding: { tenant } })).toEqual({ ssn: tenant })
  await expectUniformFailure(services.decrypt(sealed[0]!, one, { binding: { tenant: 't-1099' } }))
})

test('a header that is too long to be cached is parsed each time', async () => {
  const keys = rawKeys()
  const encryptionContext = { long: 'x'.repeat(5_000), other: 'é'.repeat(100) }
  const { result } = await encrypt(keys, 'text', { encryptionContext })
  for (let time = 0; time < 2; time++)
    expect((await decrypt(keys, result, { encryptionContext })).plaintext.toString()).toBe('text')
})

test('one source of keys is never used for another', async () => {
  const [a, b] = [rawKeys('a'), rawKeys('b')]
  const { result } = await encrypt(a, 'text')
  expect((await decrypt(a, result)).plaintext.toString()).toBe('text')
  await expectUniformFailure(decrypt(b, result))
})

test('one data key serves writers with different options', async () => {
  const keys = rawKeys()
  const encryptionContext = { a: '1', b: '2' }
  for (let time = 0; time < 2; time++)
    for (const options of [
      {},
      { frameLength: 3 },
      { requiredContext: ['a'] },
      { requiredContext: ['b', 'a'] },
    ]) {
      const { result, messageHeader } = await encrypt(keys, 'some text', { encryptionContext, ...options })
      expect(messageHeader.frameLength).toBe('frameLength' in options ? 3 : 4_096)
      const { requiredContext } = options as { requiredContext?: string[] }
      const opened = await decrypt(keys, result, { encryptionContext, requiredContext })
      expect(opened.plaintext.toString()).toBe('some text')
    }
  // All of them under one key: only the first requested it.
  expect(keys.stats().misses).toBe(1)
})

test('a signing key is used for five minutes', async () => {
  const clock = jest.spyOn(Date, 'now')
  const start = 1_700_000_000_000
  const keys = rawKeys()
  const publicKeyAt = async (ms: number) => {
    clock.mockReturnValue(start + ms)
    const { messageHeader } = await encrypt(keys, 'text', { suiteId: 0x0578 })
    return messageHeader.encryptionContext['aws-crypto-public-key']
  }
  const first = await publicKeyAt(0)
  expect(await publicKeyAt(299_999)).toBe(first)
  expect(await publicKeyAt(300_000)).not.toBe(first)
})

describe('a user-supplied keyring', () => {
  const base = rawKeyring()
  const answering = (change: Partial<Keyring>): Keyring => ({
    ...base,
    id: `odd-${Math.random()}`,
    ...change,
  })

  test('is refused if it returns a part that does not fit the format', async () => {
    const keyring = answering({
      generate: async (request) => {
        const { dataKey } = await base.generate(request)
        const ciphertext = Buffer.alloc(65_536)
        return {
          dataKey,
          encryptedDataKeys: [{ providerId: 'p', providerInfo: Buffer.alloc(0), ciphertext }],
        }
      },
    })
    expect((await rejection(encrypt(keyring, 'text'))).code).toBe('ERR_ENCRYPT_FAILED')
  })

  test('may throw, and its message does not leave', async () => {
    const failing = answering({
      generate: async () => {
        throw new Error('secret')
      },
      unwrap: async () => {
        throw new Error('secret')
      },
    })
    const { result } = await encrypt(base, 'text')
    for (const call of [encrypt(failing, 'text'), decrypt(failing, result)]) {
      const error = await rejection(call)
      expect(error.code).toBe('ERR_KEY_UNAVAILABLE')
      expect(JSON.stringify({ ...error, message: error.message })).not.toContain('secret')
    }
  })

  test('may know none of the wrapped keys', async () => {
    const { result } = await encrypt(base, 'text')
    await expectUniformFailure(decrypt(answering({ unwrap: async () => undefined }), result))
  })
})
