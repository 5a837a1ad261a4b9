import { describe, expect, test } from '@jest/globals'
import { messageEnvelope } from '../src/index.ts'
import { rawKeys } from './support/keys.ts'
import { patient, samplePatient } from './support/models.ts'

const binding = { tenant: 't-1' }

describe('field shape', () => {
  const services = messageEnvelope({ use: 'store:test', keys: rawKeys() })

  test('every declared place gets its own message, and nothing else changes', async () => {
    const sealed = await services.encrypt(samplePatient(), patient, { binding })
    expect(Object.keys(sealed)).toEqual(Object.keys(samplePatient()))
    const places = [
      sealed.ssn,
      sealed.address.street,
      ...sealed.visits.map(({ note }) => note),
      ...sealed.tags,
      ...Object.values(sealed.phones),
    ]
    expect(places).toHaveLength(8)
    for (const place of places) {
      // Base64 of version 2 and suite 0x0478.
      expect(place).toMatch(/^AgR4[A-Za-z0-9+/]+={0,2}$/)
      expect(services.recognises(place)).toBe(true)
    }
    expect(new Set(places).size).toBe(8)
    expect(sealed).toMatchObject({
      id: 'p-1',
      address: { city: 'Bern' },
      visits: [{ date: '2026-01-01' }, {}],
    })
    expect(await services.decrypt(sealed, patient, { binding })).toEqual(samplePatient())
  })

  test('a JSON round trip of the encrypted payload changes nothing', async () => {
    const sealed = JSON.parse(JSON.stringify(await services.encrypt(samplePatient(), patient, { binding })))
    expect(await services.decrypt(sealed, patient, { binding })).toEqual(samplePatient())
  })
})

describe('bundle shape', () => {
  const services = messageEnvelope({ use: 'store:test', keys: rawKeys(), shape: 'bundle' })

  test('fields are removed, elements become null, and one member holds the message', async () => {
    const sealed = await services.encrypt(samplePatient(), patient, { binding })
    expect(sealed).toEqual({
      id: 'p-1',
      address: { city: 'Bern' },
      visits: [{ date: '2026-01-01' }, { date: '2026-02-01' }],
      tags: [null, null],
      phones: { home: null, 'a/b~c': null },
      sealed: expect.stringMatching(/^AgR4/),
    })
    expect(services.bundleMember).toBe('sealed')
    const opened = await services.decrypt(JSON.parse(JSON.stringify(sealed)), patient, { binding })
    expect(opened).toEqual(samplePatient())
  })
})
