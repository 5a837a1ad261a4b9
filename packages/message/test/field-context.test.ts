import { defineFields } from '@glassine/core'
import { describe, expect, test } from '@jest/globals'
import { decrypt } from '../src/bytes/index.ts'
import { messageEnvelope } from '../src/index.ts'
import { expectUniformFailure } from './support/expect.ts'
import { counted, rawKeys } from './support/keys.ts'
import { patient, samplePatient } from './support/models.ts'

const binding = { tenant: 't-1' }

describe('fieldContext', () => {
  const keys = counted()
  const services = messageEnvelope({ use: 'store:test', keys, fieldContext: true })

  test('puts the place of each field into its own context', async () => {
    const sealed = await services.encrypt(samplePatient(), patient, { binding })
    const { messageHeader } = await decrypt(keys, Buffer.from(sealed.visits[1]!.note, 'base64'), {
      encryptionContext: {
        ...binding,
        'glassine:use': 'store:test',
        'glassine:model': 'patient',
        'glassine:field': '/visits/1/note',
      },
    })
    expect(messageHeader.encryptionContext).toMatchObject({ 'glassine:field': '/visits/1/note' })
    expect(await services.decrypt(sealed, patient, { binding })).toEqual(samplePatient())
    expect(keys.outstanding).toBe(0)
  })

  test('needs a data key for each field', async () => {
    const own = counted()
    const other = messageEnvelope({ use: 'store:test', keys: own, fieldContext: true })
    await other.encrypt(samplePatient(), patient, { binding })
    expect(own.stats().misses).toBe(8)
  })

  test('adds nothing to the protection by the place in the message', async () => {
    const sealed = structuredClone(await services.encrypt(samplePatient(), patient, { binding })) as any
    sealed.tags.reverse()
    await expectUniformFailure(services.decrypt(sealed, patient, { binding }))
    const shared = messageEnvelope({ use: 'store:test', keys })
    await expectUniformFailure(
      shared.decrypt(await services.encrypt(samplePatient(), patient, { binding }), patient, { binding }),
    )
  })

  test('releases the other keys if one cannot be obtained', async () => {
    const sealed = await services.encrypt(samplePatient(), patient, { binding })
    // Other keys, which know only one of the places.
    const stranger = counted(rawKeys('b'))
    const other = messageEnvelope({ use: 'store:test', keys: stranger, fieldContext: true })
    const theirs = await other.encrypt(samplePatient(), patient, { binding })
    await expectUniformFailure(other.decrypt({ ...sealed, ssn: theirs.ssn }, patient, { binding }))
    expect(stranger.requests).toBe(8 + 1 + 4)
    expect(stranger.outstanding).toBe(0)
  })
})

describe('payloads under several keys', () => {
  interface ListDto {
    rows: { value: string }[]
  }
  const list = defineFields<ListDto>('list', { 'rows[*].value': {} })

  test('request each key once', async () => {
    const keys = counted()
    const services = messageEnvelope({ use: 'store:test', keys, bindFields: 'place' })
    // The same rows, encrypted under three data keys, as if by three processes.
    const payload: ListDto = { rows: Array.from({ length: 9 }, (_, at) => ({ value: `v${at}` })) }
    const parts: ListDto[] = []
    for (let at = 0; at < 3; at++) {
      keys.clear()
      parts.push((await services.encrypt(payload, list, { binding })) as ListDto)
    }
    const mixed = { rows: payload.rows.map((_, at) => parts[at % 3]!.rows[at]!) }
    const before = keys.requests
    expect(await services.decrypt(mixed as any, list, { binding })).toEqual(payload)
    expect(keys.requests - before).toBe(3)
    expect(keys.outstanding).toBe(0)
  })
})
