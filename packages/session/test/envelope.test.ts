import { localRecipient, sessionEnvelope } from '@glassine/session'
import { codeOf } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import { audience, beginSession, openFields, sealFields } from './support/device.ts'
import { fields, opened, patient, scope, sealed } from './support/patient.ts'

const recipient = localRecipient()
const [jwk] = await recipient.jwks({ deadline: () => Date.now() + 1_000 })
const envelope = sessionEnvelope({ recipients: recipient, audience })

describe('a session', () => {
  test.each([['ECDH-ES' as const], ['ECDH-ES+A256KW' as const]])(
    'opens what jose sealed, and jose opens the response: %s',
    async (alg) => {
      const session = await beginSession(jwk, { alg })
      const body = await sealFields(session, patient, fields, scope)
      const { payload, reply } = await opened(envelope, body)
      expect(payload).toEqual(patient)
      const response = await sealed(reply, payload)
      expect(JSON.stringify(response)).not.toContain(patient.ssn)
      expect(await openFields(session, response, fields, scope)).toMatchObject({ payload: patient })
    },
  )

  test('encrypts nothing by itself', async () => {
    expect(await codeOf(sealed(envelope, patient))).toBe('ERR_SESSION_MISSING')
  })
})
