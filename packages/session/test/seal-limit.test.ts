/** How many values one key seals. The limit is lowered here: to reach the real one takes long. */

import * as real from '@glassine/core/internal'
import { codeOf } from '@glassine/test-support'
import { expect, jest, test } from '@jest/globals'
import { audience, beginSession, sealFields } from './support/device.ts'
import { fields, opened, patient, scope, sealed } from './support/patient.ts'

jest.unstable_mockModule('@glassine/core/internal', () => ({ ...real, maxSessionSeals: 10 }))
const { localRecipient, sessionEnvelope } = await import('@glassine/session')

const recipient = localRecipient()
const [jwk] = await recipient.jwks({ deadline: () => Date.now() + 1_000 })

test('the limit of the format is 2^20 values', () => {
  expect(real.maxSessionSeals).toBe(1_048_576)
})

test('a key encrypts values up to the limit over several responses, and then its session ends', async () => {
  const envelope = sessionEnvelope({ recipients: recipient, audience })
  const body = await sealFields(await beginSession(jwk), patient, fields, scope)
  const { reply } = await opened(envelope, body)
  // Five values each.
  expect(await codeOf(sealed(reply, patient))).toBe('none')
  expect(await codeOf(opened(envelope, body))).toBe('none')
  expect(await codeOf(sealed(reply, { ssn: 'x' }, { partial: true }))).toBe('none')
  // One more than the four that are left: none of them is sealed.
  expect(await codeOf(sealed(reply, patient))).toBe('ERR_ENCRYPT_FAILED')
  expect(await codeOf(opened(envelope, body))).toBe('none')
  const { ssn: _, ...four } = patient
  expect(await codeOf(sealed(reply, four, { partial: true }))).toBe('none')
  expect(await codeOf(sealed(reply, { ssn: 'x' }, { partial: true }))).toBe('ERR_ENCRYPT_FAILED')
  // The device begins another session by itself.
  expect(await codeOf(opened(envelope, body))).toBe('ERR_SESSION_EXPIRED')
})
