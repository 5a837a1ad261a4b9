// Context that is authenticated and not stored. AWS's JavaScript SDK does not have it, so what the specification
// says is worked out here with node:crypto.
import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto'
import { rejection } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import { decrypt, encrypt } from '../src/bytes/index.ts'
import { messageEnvelope } from '../src/index.ts'
import { expectUniformFailure } from './support/expect.ts'
import { fixedKey } from './support/fixed-key.ts'
import { rawKeys } from './support/keys.ts'
import { patient, samplePatient } from './support/models.ts'
import { peer, peerKeyring } from './support/peer.ts'

/** Count and length-prefixed pairs, in the order given. */
const serialised = (...pairs: readonly (readonly [string, string])[]): Buffer => {
  const lengthPrefixed = (text: string) => {
    const bytes = Buffer.from(text, 'utf8')
    return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes])
  }
  const parts = pairs.flatMap(([name, value]) => [lengthPrefixed(name), lengthPrefixed(value)])
  return Buffer.concat([Buffer.from([0, pairs.length]), ...parts])
}

const dataKey = Buffer.alloc(32, 'd')

/** HKDF-SHA512 with one block of output. */
const expanded = (message: Buffer, info: Buffer): Buffer => {
  const prk = createHmac('sha512', message.subarray(3, 35)).update(dataKey).digest()
  return createHmac('sha512', prk)
    .update(info)
    .update(Buffer.from([1]))
    .digest()
    .subarray(0, 32)
}

const headerTag = (message: Buffer, headerEnd: number, unstored: Buffer): Buffer => {
  const key = expanded(message, Buffer.from('\u0004xDERIVEKEY', 'latin1'))
  const gcm = createCipheriv('aes-256-gcm', key, Buffer.alloc(12), { authTagLength: 16 })
  gcm.setAAD(Buffer.concat([message.subarray(0, headerEnd), unstored]))
  gcm.final()
  return gcm.getAuthTag()
}

const encryptionContext = { zeta: 'stored', tenant: 't-1', region: 'eu' }
const requiredContext = ['tenant', 'region']

describe('required encryption context', () => {
  test('the bytes are those of the specification', async () => {
    const { result } = await encrypt(fixedKey(dataKey), 'text', { encryptionContext, requiredContext })
    const stored = serialised(['zeta', 'stored'])
    expect(result.readUInt16BE(35)).toBe(stored.length)
    expect(result.subarray(37, 37 + stored.length)).toEqual(stored)
    expect(result.includes('t-1')).toBe(false)
    // One encrypted data key of three parts, content type, frame length, commitment.
    const headerEnd = 37 + stored.length + 2 + (2 + 5) + (2 + 3) + (2 + 48) + 1 + 4 + 32
    expect(result.subarray(headerEnd - 32, headerEnd)).toEqual(expanded(result, Buffer.from('COMMITKEY')))
    const unstored = serialised(['region', 'eu'], ['tenant', 't-1'])
    const tag = result.subarray(headerEnd, headerEnd + 16)
    expect(tag).toEqual(headerTag(result, headerEnd, unstored))
    expect(tag).not.toEqual(headerTag(result, headerEnd, Buffer.alloc(0)))

    // And the body, which the context has no part in.
    const frame = result.subarray(headerEnd + 16)
    const key = expanded(result, Buffer.from('\u0004xDERIVEKEY', 'latin1'))
    const gcm = createDecipheriv('aes-256-gcm', key, frame.subarray(8, 20), { authTagLength: 16 })
    const length = Buffer.from([0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 4])
    gcm.setAAD(
      Buffer.concat([result.subarray(3, 35), Buffer.from('AWSKMSEncryptionClient Final Frame'), length]),
    )
    gcm.setAuthTag(frame.subarray(28))
    expect(Buffer.concat([gcm.update(frame.subarray(24, 28)), gcm.final()]).toString()).toBe('text')
  })

  test('all pairs may be required: then the header has no context', async () => {
    const options = { encryptionContext, requiredContext: Object.keys(encryptionContext) }
    const { result } = await encrypt(rawKeys(), 'text', options)
    expect(result.readUInt16BE(35)).toBe(0)
    const { plaintext, messageHeader } = await decrypt(rawKeys(), result, options)
    expect(plaintext.toString()).toBe('text')
    expect(messageHeader.encryptionContext).toEqual(encryptionContext)
  })

  test('whoever does not know the values cannot open the message, AWS included', async () => {
    const { result } = await encrypt(rawKeys(), 'text', { encryptionContext, requiredContext })
    for (const wrong of [
      { ...encryptionContext, tenant: 't-2' },
      { ...encryptionContext, region: '' },
    ])
      await expectUniformFailure(decrypt(rawKeys(), result, { encryptionContext: wrong, requiredContext }))
    await expectUniformFailure(decrypt(rawKeys(), result, { encryptionContext }))
    await expectUniformFailure(decrypt(rawKeys(), result, { encryptionContext: { zeta: 'stored' } }))
    await expect(peer.decrypt(peerKeyring(), result)).rejects.toThrow()
  })

  test('with one data key for all contexts, the header tag alone tells them apart', async () => {
    const keys = fixedKey(dataKey)
    const { result } = await encrypt(keys, 'text', { encryptionContext, requiredContext })
    const wrong = { ...encryptionContext, tenant: 't-2' }
    await expectUniformFailure(decrypt(keys, result, { encryptionContext: wrong, requiredContext }))
    expect((await decrypt(keys, result, { encryptionContext, requiredContext })).plaintext.toString()).toBe(
      'text',
    )
  })

  test('a required name must be there', async () => {
    const error = await rejection(encrypt(rawKeys(), 'text', { requiredContext: ['tenant'] }))
    expect(error.code).toBe('ERR_BINDING_INVALID')
    const services = messageEnvelope({ keys: rawKeys(), requiredContext: ['tenant'] })
    expect((await rejection(services.encrypt(samplePatient(), patient, { binding: {} }))).code).toBe(
      'ERR_BINDING_INVALID',
    )
  })

  test('in an envelope, signed as well', async () => {
    for (const suite of ['0x0478', '0x0578'] as const) {
      const services = messageEnvelope({
        keys: rawKeys(),
        suite,
        requiredContext: ['glassine:model', 'tenant'],
      })
      const binding = { tenant: 'tenant-that-is-not-stored', region: 'eu' }
      const sealed = await services.encrypt(samplePatient(), patient, { binding })
      expect(Buffer.from(sealed.ssn, 'base64').includes('not-stored')).toBe(false)
      expect(await services.decrypt(sealed, patient, { binding })).toEqual(samplePatient())
    }
  })
})
