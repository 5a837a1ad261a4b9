// Messages of Powertools' data masking: `JSON.stringify` of the bare value, base64, written by AWS's SDK with its
// default policy and suite, under the context that the caller passed.
import { defineFields, policyOf } from '@glassine/core'
import { rejection, thrown } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import { messageEnvelope } from '../src/index.ts'
import { expectUniformFailure } from './support/expect.ts'
import { rawKeys } from './support/keys.ts'
import { type PatientDto, patient, samplePatient } from './support/models.ts'
import { peer, peerKeyring } from './support/peer.ts'

const binding = { tenant: 't-1' }

/** What Powertools' provider does with one value. */
const maskingEncrypt = async (value: unknown, encryptionContext: Record<string, string>): Promise<string> => {
  const plaintext = new TextEncoder().encode(JSON.stringify(value))
  const { result } = await peer.encrypt(peerKeyring(), plaintext, { encryptionContext })
  return Buffer.from(result).toString('base64')
}

const maskingDecrypt = async (text: string): Promise<unknown> => {
  const { plaintext } = await peer.decrypt(peerKeyring(), new Uint8Array(Buffer.from(text, 'base64')))
  return JSON.parse(new TextDecoder().decode(plaintext))
}

/** Replaces every declared value of the payload. */
const mapped = async (payload: any, change: (value: any) => Promise<unknown>): Promise<any> => ({
  ...payload,
  ssn: await change(payload.ssn),
  address: { ...payload.address, street: await change(payload.address.street) },
  visits: await Promise.all(
    payload.visits.map(async (visit: any) => ({ ...visit, note: await change(visit.note) })),
  ),
  tags: await Promise.all(payload.tags.map(change)),
  phones: Object.fromEntries(
    await Promise.all(Object.entries(payload.phones).map(async ([key, value]) => [key, await change(value)])),
  ),
})

describe('bindFields: false', () => {
  test.each<[string, any]>([
    ['at the root', defineFields<any>('m', { id: { authenticated: true }, ssn: {} })],
    ['in a list', defineFields<any>('m', { 'visits[*].id': { authenticated: true }, 'visits[*].note': {} })],
    ['beside no value', defineFields<any>('m', { ssn: {}, 'meta.kind': { authenticated: true } })],
  ])('refuses a model with authenticated fields %s, since nothing would bind them', async (_, fields) => {
    const refusal = {
      code: 'ERR_OPTION_INVALID',
      message:
        '@glassine/message: option `bindFields` must not be false for m, whose authenticated fields nothing would bind',
      cause: { option: 'bindFields' },
    }
    expect(thrown(() => services.checkFields!(policyOf(fields, 'test')))).toMatchObject(refusal)
    expect(await rejection(services.encrypt({} as never, fields, { binding }))).toMatchObject(refusal)
    expect(await rejection(services.decrypt({} as never, fields, { binding }))).toMatchObject(refusal)
    for (const bindFields of ['set', 'place'] as const)
      expect(
        messageEnvelope({ keys: rawKeys(), bindFields }).checkFields?.(policyOf(fields, 'test')),
      ).toBeUndefined()
  })

  const services = messageEnvelope({ keys: rawKeys(), bindFields: false, use: false, values: 'json' })

  test('opens what data masking writes', async () => {
    const masked = await mapped(samplePatient(), (value) => maskingEncrypt(value, binding))
    expect(masked.ssn).toMatch(/^AgV4/)
    // -0 is 0 in JSON.stringify.
    const { address, ...rest } = samplePatient()
    expect(await services.decrypt(masked, patient, { binding })).toEqual({
      ...rest,
      address: { ...address, street: ['Main St', 1, null, { b: 0 }] },
    })
  })

  test('writes what data masking opens', async () => {
    const sealed = await services.encrypt(samplePatient(), patient, { binding })
    expect(await mapped(sealed, maskingDecrypt)).toEqual(samplePatient())
  })

  test('opens messages without any context', async () => {
    const masked = await mapped(samplePatient(), (value) => maskingEncrypt(value, {}))
    expect(await services.decrypt(masked, patient, { binding: {} })).toMatchObject({ ssn: '123-45-6789' })
    await expectUniformFailure(services.decrypt(masked, patient, { binding }))
  })

  test('still compares the context as a whole, as data masking does not', async () => {
    const masked = await mapped(samplePatient(), (value) =>
      maskingEncrypt(value, { ...binding, purpose: 'x' }),
    )
    await expectUniformFailure(services.decrypt(masked, patient, { binding }))
  })

  test('accepts two swapped fields: that protection is given up', async () => {
    const sealed: any = await services.encrypt(samplePatient(), patient, { binding })
    sealed.tags.reverse()
    const opened: PatientDto = await services.decrypt(sealed, patient, { binding })
    expect(opened.tags).toEqual(['', 'red'])
  })

  test('refuses bound messages as bare ones, and bare ones as bound', async () => {
    const bound = messageEnvelope({ use: 'store:test', keys: rawKeys() })
    await expectUniformFailure(
      services.decrypt(await bound.encrypt(samplePatient(), patient, { binding }), patient, { binding }),
    )
    await expectUniformFailure(
      bound.decrypt(await services.encrypt(samplePatient(), patient, { binding }), patient, { binding }),
    )
  })

  test('refuses plaintext like every envelope', async () => {
    const masked = await mapped(samplePatient(), (value) => maskingEncrypt(value, binding))
    expect(await rejection(services.decrypt({ ...masked, ssn: '123' }, patient, { binding }))).toMatchObject({
      code: 'ERR_FIELD_NOT_ENCRYPTED',
      cause: { path: '/ssn' },
    })
  })
})
