import { defineFields } from '@glassine/core'
import { rejection } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import { type MessageEnvelopeOptions, messageEnvelope } from '../src/index.ts'
import { counted } from './support/keys.ts'
import { type PatientDto, patient, samplePatient } from './support/models.ts'

const binding = { tenant: 't-1' }
const textLength = (payload: unknown): number => Buffer.byteLength(JSON.stringify(payload))

describe.each([
  { shape: 'field', suite: '0x0478' },
  { shape: 'bundle', suite: '0x0478' },
  { shape: 'field', suite: '0x0578' },
  { shape: 'bundle', suite: '0x0578' },
  { shape: 'field', fieldContext: true },
  { shape: 'field', frameLength: 7 },
] as const)('maxBytes: %j', (options) => {
  const make = () => {
    const keys = counted()
    const services = messageEnvelope({ use: 'store:test', keys, ...options } as MessageEnvelopeOptions & {
      shape: 'bundle'
    })
    const seal = (maxBytes?: number) => services.encrypt(samplePatient(), patient, { binding, maxBytes })
    return { keys, seal }
  }

  test('the exact size passes, a byte less does not, before any key is requested', async () => {
    const { keys, seal } = make()
    const sizes = await Promise.all(Array.from({ length: 8 }, async () => textLength(await seal())))
    const size = Math.max(...sizes)
    // A signature's length varies; the size assumes the longest.
    const room = options.suite === '0x0578' ? 8 * 8 : 0
    expect(textLength(await seal(size + room))).toBeLessThanOrEqual(size + room)
    const before = keys.requests
    const error = await rejection(seal(size - 1))
    expect(error).toMatchObject({ code: 'ERR_TOO_LARGE', statusCode: 500 })
    if (room === 0) expect(error.message).toContain(' 1 bytes over the limit')
    expect(keys.requests).toBe(before)
    expect(keys.outstanding).toBe(0)
  })

  test('the first time, the size of wrapped keys is known only with the key', async () => {
    const size = textLength(await make().seal())
    const { keys, seal } = make()
    // Less than the fields alone take: no key is requested.
    expect((await rejection(seal(100))).code).toBe('ERR_TOO_LARGE')
    expect(keys.requests).toBe(0)
    expect((await rejection(seal(size - 1))).code).toBe('ERR_TOO_LARGE')
    expect(keys.outstanding).toBe(0)
  })
})

test('a value that JSON cannot carry is refused, and not quoted', async () => {
  const services = messageEnvelope({ use: 'store:test', keys: counted() })
  const cyclic: any = { ...samplePatient(), secretName: {} }
  cyclic.secretName.secretName = cyclic.secretName
  const error = await rejection(
    services.encrypt(cyclic as PatientDto, patient, { binding, maxBytes: 10_000 }),
  )
  expect(error.code).toBe('ERR_VALUE_INVALID')
  expect(error.message).not.toContain('secretName')
})

test('more encrypted data keys than may be read are never written', async () => {
  const { rawKeyring } = await import('./support/keys.ts')
  const { keyMaterial, multiKeyring } = await import('@glassine/keys')
  const keyring = multiKeyring({ generator: rawKeyring('a'), children: [rawKeyring('b'), rawKeyring('c')] })
  const keys = counted(keyMaterial({ keyring }))
  const model = defineFields<{ a: string }>('m', { a: {} })
  const strict = messageEnvelope({ use: 'store:test', keys, maxEncryptedDataKeys: 2 })
  expect((await rejection(strict.encrypt({ a: '1' }, model, { binding }))).code).toBe('ERR_ENCRYPT_FAILED')
  const three = messageEnvelope({ use: 'store:test', keys, maxEncryptedDataKeys: 3 })
  const sealed = await three.encrypt({ a: '1' }, model, { binding })
  expect(await three.decrypt(sealed, model, { binding })).toEqual({ a: '1' })
  const before = keys.requests
  expect((await rejection(strict.decrypt(sealed, model, { binding }))).code).toBe('ERR_DECRYPT_FAILED')
  expect(keys.requests).toBe(before)
  expect(keys.outstanding).toBe(0)
})
