/** What belongs to sessions, as an envelope tells it by its look. */
import { describe, expect, test } from '@jest/globals'
import { b64u, beginSession, sealFields, sealValue } from './support/device.ts'
import { fields, patient, scope } from './support/patient.ts'
import { envelopeWith, jwk } from './support/service.ts'

describe('recognises', () => {
  test('the values of sessions, and nothing else', async () => {
    const envelope = envelopeWith()
    const session = await beginSession(jwk)
    const body = await sealFields(session, patient, fields, scope)
    expect([body.ssn, session.carrier].map(envelope.recognises)).toEqual([true, true])
    const header = { alg: 'dir', enc: 'A256GCM', kid: 'x' }
    const others = [
      undefined,
      null,
      7,
      '',
      'eyJ',
      patient.ssn,
      {},
      [body.ssn],
      `${body.ssn}x`,
      await sealValue(session, header, '"x"'),
      await sealValue(session, { ...header, p: '/ssn' }, '"x"'),
      await sealValue(session, { ...header, ctx: 'x' }, '"x"'),
      await sealValue(session, { ...header, p: ['/ssn'], ctx: 'x' }, '"x"'),
      await sealValue(session, { ...header, p: '/ssn', ctx: 7 }, '"x"'),
      (await beginSession(jwk, { header: { cty: 'JWT' } })).carrier,
      // A header that does not begin as JSON without blanks.
      `${b64u('{ "alg":"dir","enc":"A256GCM","p":"","ctx":""}')}${body.ssn.slice(body.ssn.indexOf('.'))}`,
      'AgR4',
    ]
    expect(others.filter(envelope.recognises)).toEqual([])
  })
})
