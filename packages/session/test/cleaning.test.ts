/** Keys are given back, and what was derived or decrypted on the way is zeroed, whichever call fails. */
import { generateKeyPairSync } from 'node:crypto'
import type { KeyMaterial } from '@glassine/keys'
import type { Recipient, SessionEnvelopeOptions } from '@glassine/session'
import { isZero, recordCrypto, watchKeys } from '@glassine/test-support'
import { describe, expect, jest, test } from '@jest/globals'
import {
  audience,
  b64u,
  beginSession,
  type DeviceSession,
  type SessionOptions,
  sealFields,
} from './support/device.ts'
import { codeOf, fields, opened, patient, scope, sealed } from './support/patient.ts'

const crypto = recordCrypto()
// From here on: modules that were imported before hold the real `node:crypto`.
const { kmsAgreementRecipient, kmsRsaRecipient, localRecipient, sessionEnvelope, wrappedRecipient } =
  await import('@glassine/session')

const call = { deadline: () => Date.now() + 5_000 }
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const onCurve = localRecipient({ privateKey: ec.privateKey })
const withRsa = localRecipient({ privateKey: rsa.privateKey })
const [jwk] = await onCurve.jwks(call)
const [rsaJwk] = await withRsa.jwks(call)

/** The declared values of the patient as they are sealed, and the keys of a session as bytes and as they travel. */
const secretsOf = ({ q, r }: DeviceSession): readonly (string | Buffer)[] => [
  '078-05-1120',
  'ada@example.org',
  'Main St 1',
  'a first note',
  'a second',
  ...[q, r].flatMap((key) => [key, b64u(key)]),
]

/** Texts and bytes that become buffers during the work, such as a decoded key. */
const buffersMadeBy = async (work: () => Promise<unknown>): Promise<readonly Buffer[]> => {
  const made: Buffer[] = []
  for (const name of ['from', 'concat'] as const) {
    const inner = Buffer[name] as (...given: unknown[]) => Buffer
    jest.spyOn(Buffer, name).mockImplementation(((...given: unknown[]) => {
      const result = inner.apply(Buffer, given)
      made.push(result)
      return result
    }) as never)
  }
  try {
    await work().catch(() => {})
  } finally {
    jest.restoreAllMocks()
  }
  // The recorder's own copies are no business of the work.
  return made.filter((buffer) => !crypto.seen.some(({ held }) => held === buffer))
}

/** All that the work has made, and all that it has given to `node:crypto` or got from there. */
const buffersOf = async (work: () => Promise<unknown>): Promise<readonly Buffer[]> => [
  ...(await buffersMadeBy(work)),
  ...crypto.seen.map(({ bytes }) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)),
]

const givesSecrets = new Set(['createDecipheriv', 'diffieHellman', 'privateDecrypt'])

/** Keys, shared secrets and decrypted texts that passed through `node:crypto`, as they were. */
const passed = (): readonly Buffer[] =>
  crypto.seen
    .filter(({ call, role }) => role === 'key' || (role === 'output' && givesSecrets.has(call)))
    .map(({ held }) => held)
    .filter((held) => held.length > 0)

/**
 * Does the work once untouched and once for each of its calls of `node:crypto`, with that call failing; then nothing
 * secret may be left in a buffer: neither what is named, nor any key, shared secret or decrypted text that passed.
 *
 * @param kept - a key that its lender keeps on purpose
 */
const expectClean = async (
  work: () => Promise<unknown>,
  secrets: readonly (string | Buffer)[],
  kept = Buffer.alloc(0),
): Promise<void> => {
  await crypto.failEach(async (failing) => {
    const buffers = (await buffersOf(work)).filter((buffer) => !buffer.equals(kept))
    const left = [...secrets, ...passed().filter((one) => !one.equals(kept))].filter((secret) =>
      buffers.some((buffer) => buffer.includes(secret)),
    )
    // They were made for this run, so they may be printed.
    expect({ failing, left: left.map((secret) => Buffer.from(secret).toString('latin1')) }).toEqual({
      failing,
      left: [],
    })
  })
}

const make = (options: Partial<SessionEnvelopeOptions> = {}) =>
  sessionEnvelope({ recipient: [onCurve, withRsa], audience, ...options })

describe('a request leaves nothing behind', () => {
  test.each<[string, any, SessionOptions]>([
    ['ECDH-ES', jwk, {}],
    ['ECDH-ES+A256KW', jwk, { alg: 'ECDH-ES+A256KW' }],
    ['RSA-OAEP-256', rsaJwk, {}],
    ['ECDH-ES, with a key of the device', jwk, { forwardSecret: true }],
  ])('whose keys came by %s', async (_what, to, options) => {
    const session = await beginSession(to, options)
    const body = await sealFields(session, patient, fields, scope)
    await expectClean(() => opened(make(), body), secretsOf(session))
  })

  test('whose replay is looked for', async () => {
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

describe('an answer leaves nothing behind', () => {
  test.each([
    ['under the key of the session', {}, false],
    ['that is forward-secret', {}, true],
    ['in one bundle', { shape: 'bundle' } as const, false],
    ['that is padded', { padding: { bucket: 64 } }, false],
  ])('%s', async (_what, options, forwardSecret) => {
    const session = await beginSession(jwk, { forwardSecret })
    const { reply } = await opened(make(options), undefined, { header: session.carrier })
    await expectClean(() => sealed(reply, patient), secretsOf(session))
    await sealed(reply, patient)
    // The values did pass there.
    expect(crypto.seen.some(({ held }) => held.includes('078-05-1120'))).toBe(true)
  })
})

describe('a ticket gives its key back and leaves nothing behind', () => {
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

  test('when it is written, whichever call fails', async () => {
    const session = await beginSession(jwk)
    const { watch, ticket } = watched()
    const { reply } = await opened(make({ ticket }), undefined, { header: session.carrier })
    expect(await sealed(reply, patient)).toHaveProperty('$jwe')
    watch.expectReleased()
    await expectClean(() => sealed(reply, patient), secretsOf(session), dataKey)
    watch.expectReleased()
    watch.expectIntact()
  })

  test('when it is read, whichever call fails, and when it is forged', async () => {
    const session = await beginSession(jwk)
    const { watch, ticket } = watched()
    const { reply } = await opened(make({ ticket }), undefined, { header: session.carrier })
    const { $jwe } = await sealed(reply, patient)
    for (const header of [$jwe, `${$jwe.slice(0, -22)}${'A'.repeat(22)}`]) {
      const lent = watch.lent()
      await expectClean(() => opened(make({ ticket }), undefined, { header }), secretsOf(session), dataKey)
      expect(watch.lent()).toBeGreaterThan(lent)
    }
    watch.expectReleased()
    watch.expectIntact()
  })
})

describe('a wrapped pair gives its private key back', () => {
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

  test('for each session, the first and those that find it read', async () => {
    const { watch, recipient } = wrap(der)
    for (let turn = 1; turn <= 3; turn++) {
      const { carrier } = await beginSession(jwk)
      const envelope = sessionEnvelope({ recipient, audience })
      expect(await codeOf(opened(envelope, undefined, { header: carrier }))).toBe('none')
      expect(watch.lent()).toBe(turn)
    }
    watch.expectReleased()
    watch.expectIntact()
  })

  test.each([
    ['is that of another pair', other.export({ format: 'der', type: 'pkcs8' })],
    ['is on another curve', p384.export({ format: 'der', type: 'pkcs8' })],
    ['cannot be read', Buffer.alloc(138, 7)],
  ])('when it %s', async (_what, bytes) => {
    const { watch, recipient } = wrap(bytes)
    const { carrier } = await beginSession(jwk)
    const envelope = sessionEnvelope({ recipient, audience })
    expect(await codeOf(opened(envelope, undefined, { header: carrier }))).toBe('ERR_KEY_UNAVAILABLE')
    watch.expectReleased()
  })

  test('whichever call fails', async () => {
    const { watch, recipient } = wrap(der)
    const session = await beginSession(jwk)
    const body = await sealFields(session, patient, fields, scope)
    await expectClean(() => opened(sessionEnvelope({ recipient, audience }), body), secretsOf(session))
    watch.expectReleased()
    watch.expectIntact()
  })
})

describe('the answer of a recipient is zeroed', () => {
  const answering = (answers: Uint8Array[], inner: Recipient, change: (answer: Buffer) => Uint8Array) => ({
    jwks: inner.jwks,
    unwrap: async (request: Parameters<Recipient['unwrap']>[0]) => {
      const answer = change(Buffer.from(await inner.unwrap(request)))
      answers.push(answer)
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
  ])('%s', async (_what, inner, to, change, code) => {
    const answers: Uint8Array[] = []
    const envelope = sessionEnvelope({ recipient: answering(answers, inner, change), audience })
    const { carrier } = await beginSession(to)
    expect(await codeOf(opened(envelope, undefined, { header: carrier }))).toBe(code)
    expect(answers.map(isZero)).toEqual([true])
  })
})

describe('what KMS answers is zeroed in the memory of its client, and in ours', () => {
  const KeyId = 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'
  const { kty, crv, x, y } = jwk as any
  const { n, e } = rsaJwk as any

  test.each<[string, number, string]>([
    ['as long as it must be', 32, 'ERR_DECRYPT_FAILED'],
    ['too short', 31, 'ERR_KEY_UNAVAILABLE'],
    ['too long', 33, 'ERR_KEY_UNAVAILABLE'],
  ])('a shared secret, %s', async (_what, length, code) => {
    const answers: Uint8Array[] = []
    const recipient = kmsAgreementRecipient({
      keyId: KeyId,
      publicKey: { kty, crv, x, y },
      client: {
        deriveSharedSecret: async () => {
          const SharedSecret = new Uint8Array(length).fill(0x5a)
          answers.push(SharedSecret)
          return { KeyId, SharedSecret }
        },
      },
    })
    const { carrier } = await beginSession(jwk)
    const envelope = sessionEnvelope({ recipient, audience, timeout: 300 })
    crypto.reset()
    const buffers = await buffersOf(async () => {
      expect(await codeOf(opened(envelope, undefined, { header: carrier }))).toBe(code)
    })
    expect(answers.length).toBeGreaterThan(0)
    expect(answers.filter((answer) => !isZero(answer))).toEqual([])
    expect(buffers.filter((buffer) => buffer.includes(Buffer.alloc(8, 0x5a)))).toEqual([])
  })

  test.each([32, 31])('a content key of %d bytes', async (length) => {
    const answers: Uint8Array[] = []
    const recipient = kmsRsaRecipient({
      keyId: KeyId,
      publicKey: { kty: 'RSA', n, e },
      client: {
        decrypt: async () => {
          const Plaintext = new Uint8Array(length).fill(0x5a)
          answers.push(Plaintext)
          return { KeyId, Plaintext }
        },
      },
    })
    const { carrier } = await beginSession(rsaJwk)
    crypto.reset()
    const buffers = await buffersOf(async () => {
      const work = opened(sessionEnvelope({ recipient, audience }), undefined, { header: carrier })
      expect(await codeOf(work)).toBe('ERR_DECRYPT_FAILED')
    })
    expect(answers.map(isZero)).toEqual([true])
    expect(buffers.filter((buffer) => buffer.includes(Buffer.alloc(8, 0x5a)))).toEqual([])
  })
})
