/** What an operator reads where the keys of a session are refused: each sentence by a cause of its own. */
import { constants, createPublicKey, generateKeyPairSync, publicEncrypt, randomBytes } from 'node:crypto'
import { keyMaterial } from '@glassine/keys'
import { localKeyring } from '@glassine/keys/raw-aes'
import { kmsAgreementRecipient, localRecipient, publicJwkOf } from '@glassine/session'
import { describe, expect, test } from '@jest/globals'
import { b64u, beginSession, openFields, type SessionOptions, sealFields } from './support/device.ts'
import { fields, opened, patient, scope, sealed } from './support/patient.ts'
import { bodyWith, reasonOf, refused, soon } from './support/reasons.ts'
import { envelopeWith, jwk } from './support/service.ts'

describe('the keys of a session are refused, and the operator reads why:', () => {
  const seconds = Math.floor(Date.now() / 1_000)
  const malformedKeys = 'the keys of the session are malformed'
  const malformedAgreement = 'the ephemeral key, a party or the wrapped key of a session JWE is malformed'
  const noToken = 'no session JWE or ticket of this service: its header has another form'

  test.each<[string, SessionOptions, string]>([
    ['a life that is too long', { header: { exp: seconds + 9_000 } }, 'the session is longer than `maxAge`'],
    ['another type', { header: { cty: 'JWT' } }, noToken],
    ['a party of 257 bytes', { apu: Buffer.alloc(257) }, malformedAgreement],
    ['one key only', { plaintext: ([request]) => ({ keys: [request] }) }, malformedKeys],
    [
      'one key for both directions',
      { plaintext: ([request, response]) => ({ keys: [request, { ...response, k: request.k }] }) },
      malformedKeys,
    ],
    ['keys that are no JSON', { plaintext: () => '{"keys":' }, 'a JWE, or JSON in it, is malformed'],
    [
      'a key of 31 bytes',
      {
        plaintext: ([request, response]) => ({ keys: [{ ...request, k: b64u(Buffer.alloc(31)) }, response] }),
      },
      'a JWE, or JSON in it, is malformed',
    ],
  ])('%s', async (_what, options, reason) => {
    expect(await reasonOf(opened(envelopeWith(), await bodyWith(options)))).toEqual(refused(reason))
  })

  test('a clock that is ahead', async () => {
    const body = await bodyWith({ now: seconds + 600 })
    expect(await reasonOf(opened(envelopeWith(), body))).toEqual([
      'ERR_SESSION_EXPIRED',
      'it begins in the future: the clock of the device is wrong',
    ])
  })

  test.each<[string, (carrier: string) => unknown, string]>([
    ['a text of another kind', () => 'hello', 'the session keys are not a JWE'],
    [
      'too many characters',
      (carrier) => carrier.replace(/\.([\w-]{22})$/, `${'AAAA'.repeat(2_100)}.$1`),
      'the session token is longer than `maxTokenBytes`',
    ],
    [
      'another encryption',
      (carrier) => changed(carrier, { enc: 'A128GCM' }),
      'a JWE is not of A256GCM, or has `crit` or `zip`',
    ],
    ['no ephemeral key', (carrier) => changed(carrier, { epk: undefined }), malformedAgreement],
    [
      'a ticket where there are none',
      (carrier) => changed(carrier, { alg: 'dir', typ: 'glassine-ticket' }),
      'a ticket, which this service does not accept',
    ],
  ])('%s', async (_what, change, reason) => {
    const body = await bodyWith()
    expect(await reasonOf(opened(envelopeWith(), { ...body, $jwe: change(body.$jwe) }))).toEqual(
      refused(reason),
    )
  })

  /** The token with other members in its clear header. */
  const changed = (carrier: string, change: object): string => {
    const [head, ...rest] = carrier.split('.')
    const header = { ...JSON.parse(Buffer.from(head!, 'base64url').toString()), ...change }
    return [b64u(JSON.stringify(header)), ...rest].join('.')
  }

  test('two tokens, in the body and in the header', async () => {
    const body = await bodyWith()
    const { carrier: sessionHeader } = await beginSession(jwk)
    expect(await reasonOf(opened(envelopeWith(), body, { sessionHeader }))).toEqual(
      refused('there are session keys in the body and in the header'),
    )
  })

  test('a ticket that another service made', async () => {
    const make = () => envelopeWith({ ticketKeys: keyMaterial({ keyring: localKeyring() }) })
    const session = await beginSession(jwk)
    const { reply } = await opened(make(), await sealFields(session, patient, fields, scope))
    const { ticket } = await openFields(session, await sealed(reply, patient), fields, scope)
    const body = await sealFields({ ...session, carrier: ticket! }, patient, fields, scope)
    expect((await reasonOf(opened(make(), body)))[0]).toBe('ERR_SESSION_EXPIRED')
    const $jwe = changed(ticket!, { kid: 'AAAA' })
    // The device begins another session.
    expect(await reasonOf(opened(make(), { ...body, $jwe }))).toEqual([
      'ERR_SESSION_EXPIRED',
      'the ticket is malformed',
    ])
  })

  test('an RSA key that encrypts a key of another length, or another key', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const rsa = localRecipient({ privateKey })
    const [key] = await rsa.jwks(soon)
    const to = createPublicKey(privateKey)
    const body = await bodyWith({}, key)
    const [head, , ...rest] = body.$jwe.split('.')
    const oaep = { key: to, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }
    const withKey = (encrypted: Buffer) => ({ ...body, $jwe: [head, b64u(encrypted), ...rest].join('.') })
    const envelope = envelopeWith({ recipients: rsa })
    expect(await reasonOf(opened(envelope, withKey(publicEncrypt(oaep, randomBytes(16)))))).toEqual(
      refused('the key in the session JWE has the wrong length'),
    )
    const foreign = publicEncrypt({ ...oaep, oaepHash: 'sha1' }, randomBytes(32))
    expect(await reasonOf(opened(envelope, withKey(foreign)))).toEqual(
      refused('the recipient cannot decrypt the session JWE: it was changed, or is under another key'),
    )
  })

  test('a recipient that has another kind of key', async () => {
    const request = { kind: 'decrypt', kid: 'x', encryptedKey: Buffer.alloc(256), ...soon } as const
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const keyId = 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'
    const other = kmsAgreementRecipient({ keyId, publicKey: publicJwkOf(publicKey)! })
    expect(await reasonOf(other.unwrap(request))).toEqual(
      refused('the recipient does not support the algorithm of the session JWE'),
    )
  })
})
