/** Keys are given back, and what was derived or decrypted on the way is zeroed, whichever call fails. */
import { generateKeyPairSync } from 'node:crypto'
import type { KeyMaterial } from '@glassine/keys'
import type { SessionEnvelopeOptions } from '@glassine/session'
import { codeOf, watchKeys } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import { crypto, expectClean, secretsOf } from './support/cleaning.ts'
import { audience, beginSession, type SessionOptions, sealFields } from './support/device.ts'
import { fields, opened, patient, scope, sealed } from './support/patient.ts'

// Not before: modules that were imported earlier hold the real `node:crypto`.
const { localRecipient, sessionEnvelope } = await import('@glassine/session')

const call = { deadline: () => Date.now() + 5_000 }
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const onCurve = localRecipient({ privateKey: ec.privateKey })
const withRsa = localRecipient({ privateKey: rsa.privateKey })
const [jwk] = await onCurve.jwks(call)
const [rsaJwk] = await withRsa.jwks(call)

const make = (options: Partial<SessionEnvelopeOptions> = {}) =>
  sessionEnvelope({ recipients: [onCurve, withRsa], audience, ...options })

describe('a request leaves nothing behind', () => {
  test.each<[string, any, SessionOptions]>([
    ['ECDH-ES', jwk, {}],
    ['ECDH-ES+A256KW', jwk, { alg: 'ECDH-ES+A256KW' }],
    ['RSA-OAEP-256', rsaJwk, {}],
    ['ECDH-ES, with a key of the device', jwk, { forwardSecret: true }],
  ])('whose keys arrived by %s', async (_what, to, options) => {
    const session = await beginSession(to, options)
    const body = await sealFields(session, patient, fields, scope)
    await expectClean(() => opened(make(), body), secretsOf(session))
  })

  test('that is checked for replay', async () => {
    const session = await beginSession(jwk)
    const body = await sealFields(session, patient, fields, scope)
    await expectClean(() => opened(make({ replay: { spend: async () => true } }), body), secretsOf(session))
  })

  test('that is forged: its fields, the keys in it, or the key set', async () => {
    const session = await beginSession(jwk)
    const good = await sealFields(session, patient, fields, scope)
    const flipped = (token: string) =>
      token.slice(0, -22) + (token.at(-22) === 'A' ? 'B' : 'A') + token.slice(-21)
    const wrapped = await beginSession(jwk, { alg: 'ECDH-ES+A256KW' })
    const small = await beginSession(rsaJwk)
    const keySets: SessionOptions['plaintext'][] = [
      (keys) => ({ keys: [keys[0]] }),
      ([q, r]) => ({ keys: [q, { ...r, k: q.k }] }),
      ([q, r]) => ({ keys: [q, { ...r, k: r.k.slice(0, -4) }] }),
      ([q, r]) => ({ keys: [q, r, { ...q, kid: q.kid.replace('.q', '.e') }] }),
    ]
    const bodies = [
      { ...good, visits: good.visits.with(1, { ...good.visits[1], note: flipped(good.visits[1].note) }) },
      { ...good, $jwe: flipped(session.carrier) },
      { ...good, $jwe: flipped(wrapped.carrier) },
      { ...good, $jwe: flipped(small.carrier) },
      ...(await Promise.all(
        keySets.map(async (plaintext) => ({
          ...good,
          $jwe: (await beginSession(jwk, { plaintext })).carrier,
        })),
      )),
    ]
    for (const body of bodies) {
      expect(await codeOf(opened(make(), body))).toBe('ERR_DECRYPT_FAILED')
      await expectClean(() => opened(make(), body), secretsOf(session))
    }
  })
})

describe('no response leaves anything behind:', () => {
  test.each([
    ['under the key of the session', {}, false],
    ['that is forward-secret', {}, true],
    ['in one bundle', { shape: 'bundle' } as const, false],
    ['that is padded', { padding: { bucket: 64 } }, false],
  ])('one with %s', async (_what, options, forwardSecret) => {
    const session = await beginSession(jwk, { forwardSecret })
    const { reply } = await opened(make(options), undefined, { sessionHeader: session.carrier })
    await expectClean(() => sealed(reply, patient), secretsOf(session))
    await sealed(reply, patient)
    // The values did pass there.
    expect(crypto.seen.some(({ held }) => held.includes('078-05-1120'))).toBe(true)
  })
})

describe('a ticket releases its key and leaves nothing behind', () => {
  const dataKey = Buffer.alloc(32, 3)
  const watched = () => {
    const watch = watchKeys()
    const lend = async () =>
      watch.lease(
        {
          bytes: dataKey,
          identity: {},
          encryptedDataKeys: [
            { providerId: 'a', providerInfo: Buffer.from('b'), ciphertext: Buffer.from('c') },
          ],
          release: () => {},
        },
        'key of tickets',
      )
    return { watch, ticket: { encryptionKey: lend, decryptionKey: lend } as unknown as KeyMaterial }
  }

  test('after writing, whichever call fails', async () => {
    const session = await beginSession(jwk)
    const { watch, ticket } = watched()
    const { reply } = await opened(make({ ticketKeys: ticket }), undefined, {
      sessionHeader: session.carrier,
    })
    expect(await sealed(reply, patient)).toHaveProperty('$jwe')
    watch.expectReleased()
    await expectClean(() => sealed(reply, patient), secretsOf(session), dataKey)
    watch.expectReleased()
    watch.expectIntact()
  })

  test('after reading, whichever call fails, and after a forgery', async () => {
    const session = await beginSession(jwk)
    const { watch, ticket } = watched()
    const { reply } = await opened(make({ ticketKeys: ticket }), undefined, {
      sessionHeader: session.carrier,
    })
    const { $jwe } = await sealed(reply, patient)
    for (const header of [$jwe, `${$jwe.slice(0, -22)}${'A'.repeat(22)}`]) {
      const lent = watch.lent()
      await expectClean(
        () => opened(make({ ticketKeys: ticket }), undefined, { sessionHeader: header }),
        secretsOf(session),
        dataKey,
      )
      expect(watch.lent()).toBeGreaterThan(lent)
    }
    watch.expectReleased()
    watch.expectIntact()
  })
})
