// The two phases: leases, frozen inputs, and one wrong field among others.
import { rejection } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import { type MessageEnvelopeOptions, messageEnvelope } from '../src/index.ts'
import { counted } from './support/keys.ts'
import { type PatientDto, patient, samplePatient } from './support/models.ts'

const binding = Object.freeze({ tenant: 't-1' })

const deepFrozen = <T>(value: T): T => {
  if (typeof value !== 'object' || value === null) return value
  for (const child of Object.values(value)) deepFrozen(child)
  return Object.freeze(value)
}

describe.each([
  { shape: 'field' },
  { shape: 'bundle' },
  { shape: 'field', fieldContext: true },
  { shape: 'field', suite: '0x0578' },
] as const)('%j', (options) => {
  const keys = counted()
  const services = messageEnvelope({ use: 'store:test', keys, ...options } as MessageEnvelopeOptions & {
    shape: 'bundle'
  })
  const seal = async (): Promise<any> => services.encrypt(samplePatient(), patient, { binding })

  test('inputs are only read, and results are new objects', async () => {
    const input = deepFrozen(samplePatient())
    const frozenOptions = deepFrozen({ binding, partial: false })
    const sealed = deepFrozen(await services.encrypt(input, patient, frozenOptions))
    expect(input).toEqual(samplePatient())
    expect(sealed).not.toBe(input)
    const before = JSON.stringify(sealed)
    const opened = await services.decrypt(sealed, patient, frozenOptions)
    expect(JSON.stringify(sealed)).toBe(before)
    // No one else holds the returned object.
    opened.visits[0]!.note = 'changed'
    opened.tags.push('more')
    expect(JSON.stringify(sealed)).toBe(before)
    expect(input).toEqual(samplePatient())
  })

  test('keys are held between the phases, and released once', async () => {
    const preparedSeal = await services.prepareSeal(samplePatient(), patient, { binding })
    expect(keys.outstanding).toBeGreaterThan(0)
    const sealed = preparedSeal.finish()
    expect(keys.outstanding).toBe(0)
    preparedSeal.release()
    expect(keys.outstanding).toBe(0)
    const preparedOpen = await services.prepareOpen(sealed, patient, { binding })
    expect(keys.outstanding).toBeGreaterThan(0)
    expect(preparedOpen.finish()).toEqual(samplePatient())
    preparedOpen.release()
    expect(keys.outstanding).toBe(0)
  })

  test('it can be released without work, and twice', async () => {
    for (const prepare of [
      () => services.prepareSeal(samplePatient(), patient, { binding }),
      async () => services.prepareOpen(await seal(), patient, { binding }),
    ]) {
      const prepared = await prepare()
      prepared.release()
      prepared.release()
      expect(keys.outstanding).toBe(0)
      expect(() => prepared.finish()).toThrow(expect.objectContaining({ code: 'ERR_ENCRYPT_FAILED' }))
    }
  })

  test('it cannot be finished twice', async () => {
    const prepared = await services.prepareSeal(samplePatient(), patient, { binding })
    prepared.finish()
    expect(() => prepared.finish()).toThrow(expect.objectContaining({ code: 'ERR_ENCRYPT_FAILED' }))
    expect(keys.outstanding).toBe(0)
  })

  test('a field that fails in the second phase releases all keys', async () => {
    const sealed = structuredClone(await seal())
    const place = options.shape === 'bundle' ? 'sealed' : 'ssn'
    const bytes = Buffer.from(sealed[place], 'base64')
    bytes[bytes.length - 20]! ^= 1
    sealed[place] = bytes.toString('base64')
    const failed = expect.objectContaining({ code: 'ERR_DECRYPT_FAILED' })
    // With several keys, the first message under each is decrypted before the next keys are requested.
    if (options.shape === 'field' && options.fieldContext)
      await expect(services.prepareOpen(sealed, patient, { binding })).rejects.toEqual(failed)
    else {
      const prepared = await services.prepareOpen(sealed, patient, { binding })
      expect(keys.outstanding).toBeGreaterThan(0)
      expect(() => prepared.finish()).toThrow(failed)
    }
    expect(keys.outstanding).toBe(0)
  })

  test.each<[string, unknown]>([
    ['a function', () => {}],
    ['NaN', Number.NaN],
    ['a bigint', 5n],
    ['a date', new Date(0)],
    ['a map', new Map()],
    ['undefined in an array', [undefined]],
  ])('a value that cannot be encrypted costs no key: %s', async (_what, street) => {
    const before = keys.requests
    const payload: PatientDto = { ...samplePatient(), address: { street, city: 'Bern' } }
    expect(await rejection(services.encrypt(payload, patient, { binding }))).toMatchObject({
      code: 'ERR_VALUE_INVALID',
      cause: { path: '/address/street' },
    })
    expect(keys.requests).toBe(before)
  })

  test('a payload without its fields is refused', async () => {
    const before = keys.requests
    const { ssn: _gone, ...rest } = samplePatient()
    expect((await rejection(services.encrypt(rest as PatientDto, patient, { binding }))).code).toBe(
      'ERR_FIELD_MISSING',
    )
    expect(keys.requests).toBe(before)
    const opened = await services.decrypt(
      await services.encrypt(rest as PatientDto, patient, { binding, partial: true }),
      patient,
      { binding, partial: true },
    )
    expect(opened).toEqual(rest)
  })

  test('two tenants at once share nothing', async () => {
    const tenants = Array.from({ length: 20 }, (_, at) => `t-${at}`)
    const sealed = await Promise.all(
      tenants.map((tenant) =>
        services.encrypt({ ...samplePatient(), ssn: tenant }, patient, { binding: { tenant } }),
      ),
    )
    const opened = await Promise.all(
      sealed.map((payload, at) => services.decrypt(payload, patient, { binding: { tenant: tenants[at]! } })),
    )
    expect(opened.map(({ ssn }) => ssn)).toEqual(tenants)
    expect(keys.outstanding).toBe(0)
  })
})

test('a payload with too many different keys is refused', async () => {
  const { defineFields } = await import('@glassine/core')
  const { encrypt } = await import('../src/bytes/index.ts')
  const { rawKeyring } = await import('./support/keys.ts')
  const list = defineFields<{ rows: string[] }>('list', { 'rows[*]': {} })
  const rows: string[] = []
  const encryptionContext = { tenant: 't-1', 'glassine:use': 'store:test', 'glassine:model': 'list' }
  const keyring = rawKeyring()
  for (let at = 0; at < 65; at++) {
    const { result } = await encrypt(keyring, `{"/rows/${at}":"x"}`, { encryptionContext })
    rows.push(result.toString('base64'))
  }
  const keys = counted()
  const services = messageEnvelope({ use: 'store:test', keys, bindFields: 'place' })
  expect(await rejection(services.decrypt({ rows } as any, list, { binding }))).toMatchObject({
    code: 'ERR_TOO_LARGE',
    statusCode: 400,
  })
  expect(keys.requests).toBe(0)
  rows.pop()
  const opened = await services.decrypt({ rows } as any, list, { binding })
  expect(opened.rows).toHaveLength(64)
  expect(keys.outstanding).toBe(0)
})
