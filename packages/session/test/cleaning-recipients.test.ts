/** What recipients lend is given back, and what they answer is zeroed, whichever call fails. */
import { generateKeyPairSync } from 'node:crypto'
import type { KeyMaterial } from '@glassine/keys'
import type { Recipient } from '@glassine/session'
import { codeOf, isZero, watchKeys } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import { buffersOf, crypto, expectClean, secretsOf } from './support/cleaning.ts'
import { audience, beginSession, sealFields } from './support/device.ts'
import { fields, opened, patient, scope } from './support/patient.ts'

// Not before: modules that were imported earlier hold the real `node:crypto`.
const { kmsAgreementRecipient, kmsRsaRecipient, localRecipient, sessionEnvelope, wrappedRecipient } =
  await import('@glassine/session')

const call = { deadline: () => Date.now() + 5_000 }
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const onCurve = localRecipient({ privateKey: ec.privateKey })
const withRsa = localRecipient({ privateKey: rsa.privateKey })
const [jwk] = await onCurve.jwks(call)
const [rsaJwk] = await withRsa.jwks(call)

describe('a wrapped pair releases its private key', () => {
  const der = ec.privateKey.export({ format: 'der', type: 'pkcs8' })
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey
  const wrap = (bytes: Buffer) => {
    const watch = watchKeys()
    const identity = {}
    const keys = {
      decryptionKey: async () =>
        watch.lease({ bytes, identity, encryptedDataKeys: [], release: () => {} }, 'private key'),
    } as unknown as KeyMaterial
    const { kty, crv, x, y } = jwk as any
    return {
      watch,
      recipient: wrappedRecipient({
        keys,
        publicKey: { kty, crv, x, y },
        encryptedPrivateKey: Buffer.from('wrapped'),
        keyId: 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab',
      }),
    }
  }

  test('after each session, both the first and those that find the key parsed', async () => {
    const { watch, recipient } = wrap(der)
    for (let turn = 1; turn <= 3; turn++) {
      const { carrier } = await beginSession(jwk)
      const envelope = sessionEnvelope({ recipients: recipient, audience })
      expect(await codeOf(opened(envelope, undefined, { sessionHeader: carrier }))).toBe('none')
      expect(watch.lent()).toBe(turn)
    }
    watch.expectReleased()
    watch.expectIntact()
  })

  test.each([
    ['is that of another pair', other.export({ format: 'der', type: 'pkcs8' })],
    ['is on another curve', p384.export({ format: 'der', type: 'pkcs8' })],
    ['cannot be read', Buffer.alloc(138, 7)],
  ])('if it %s', async (_what, bytes) => {
    const { watch, recipient } = wrap(bytes)
    const { carrier } = await beginSession(jwk)
    const envelope = sessionEnvelope({ recipients: recipient, audience })
    expect(await codeOf(opened(envelope, undefined, { sessionHeader: carrier }))).toBe('ERR_KEY_UNAVAILABLE')
    watch.expectReleased()
  })

  test('after a failure of any call', async () => {
    const { watch, recipient } = wrap(der)
    const session = await beginSession(jwk)
    const body = await sealFields(session, patient, fields, scope)
    await expectClean(
      () => opened(sessionEnvelope({ recipients: recipient, audience }), body),
      secretsOf(session),
    )
    watch.expectReleased()
    watch.expectIntact()
  })
})

describe('the response of a recipient is zeroed:', () => {
  const answering = (responses: Uint8Array[], inner: Recipient, change: (answer: Buffer) => Uint8Array) => ({
    jwks: inner.jwks,
    unwrap: async (request: Parameters<Recipient['unwrap']>[0]) => {
      const answer = change(Buffer.from(await inner.unwrap(request)))
      responses.push(answer)
      return answer
    },
  })

  test.each<[string, Recipient, any, (answer: Buffer) => Uint8Array, string]>([
    ['that is right', onCurve, jwk, (answer) => answer, 'none'],
    [
      'that is a part of other memory',
      onCurve,
      jwk,
      (answer) => Buffer.concat([answer, answer]).subarray(32),
      'none',
    ],
    ['that is short', onCurve, jwk, (answer) => answer.subarray(1), 'ERR_KEY_UNAVAILABLE'],
    ['that is long', onCurve, jwk, (answer) => Buffer.concat([answer, answer]), 'ERR_KEY_UNAVAILABLE'],
    ['that is another secret', onCurve, jwk, (answer) => answer.reverse(), 'ERR_DECRYPT_FAILED'],
    ['that is right, by RSA', withRsa, rsaJwk, (answer) => answer, 'none'],
    ['that is short, by RSA', withRsa, rsaJwk, (answer) => answer.subarray(1), 'ERR_DECRYPT_FAILED'],
    ['that is another key, by RSA', withRsa, rsaJwk, (answer) => answer.reverse(), 'ERR_DECRYPT_FAILED'],
  ])('of %s', async (_what, inner, to, change, code) => {
    const responses: Uint8Array[] = []
    const envelope = sessionEnvelope({ recipients: answering(responses, inner, change), audience })
    const { carrier } = await beginSession(to)
    expect(await codeOf(opened(envelope, undefined, { sessionHeader: carrier }))).toBe(code)
    expect(responses.map(isZero)).toEqual([true])
  })
})

describe("the response of KMS is zeroed in its client's memory and in ours:", () => {
  const KeyId = 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'
  const { kty, crv, x, y } = jwk as any
  const { n, e } = rsaJwk as any

  test.each<[string, number, string]>([
    ['as long as it must be', 32, 'ERR_DECRYPT_FAILED'],
    ['too short', 31, 'ERR_KEY_UNAVAILABLE'],
    ['too long', 33, 'ERR_KEY_UNAVAILABLE'],
  ])('a shared secret, %s', async (_what, length, code) => {
    const responses: Uint8Array[] = []
    const recipient = kmsAgreementRecipient({
      keyId: KeyId,
      publicKey: { kty, crv, x, y },
      client: {
        deriveSharedSecret: async () => {
          const SharedSecret = new Uint8Array(length).fill(0x5a)
          responses.push(SharedSecret)
          return { KeyId, SharedSecret }
        },
      },
    })
    const { carrier } = await beginSession(jwk)
    const envelope = sessionEnvelope({ recipients: recipient, audience, timeout: 300 })
    crypto.reset()
    const buffers = await buffersOf(async () => {
      expect(await codeOf(opened(envelope, undefined, { sessionHeader: carrier }))).toBe(code)
    })
    expect(responses.length).toBeGreaterThan(0)
    expect(responses.filter((answer) => !isZero(answer))).toEqual([])
    expect(buffers.filter((buffer) => buffer.includes(Buffer.alloc(8, 0x5a)))).toEqual([])
  })

  test.each([32, 31])('a content key of %d bytes', async (length) => {
    const responses: Uint8Array[] = []
    const recipient = kmsRsaRecipient({
      keyId: KeyId,
      publicKey: { kty: 'RSA', n, e },
      client: {
        decrypt: async () => {
          const Plaintext = new Uint8Array(length).fill(0x5a)
          responses.push(Plaintext)
          return { KeyId, Plaintext }
        },
      },
    })
    const { carrier } = await beginSession(rsaJwk)
    crypto.reset()
    const buffers = await buffersOf(async () => {
      const work = opened(sessionEnvelope({ recipients: recipient, audience }), undefined, {
        sessionHeader: carrier,
      })
      expect(await codeOf(work)).toBe('ERR_DECRYPT_FAILED')
    })
    expect(responses.map(isZero)).toEqual([true])
    expect(buffers.filter((buffer) => buffer.includes(Buffer.alloc(8, 0x5a)))).toEqual([])
  })
})
