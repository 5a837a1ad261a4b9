// Context that is authenticated but not stored. AWS's JavaScript SDK does not support it.
import { rejection } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import { decrypt, encrypt } from '../src/bytes/index.ts'
import { messageEnvelope } from '../src/index.ts'
import { expectUniformFailure } from './support/expect.ts'
import { fixedKey, someWrappedKey } from './support/fixed-key.ts'
import { rawKeys } from './support/keys.ts'
import { patient, samplePatient } from './support/models.ts'
import { peer, peerKeyring } from './support/peer.ts'
import { contextOf, encryptedDataKeysOf, referenceWriter } from './support/reference-message.ts'

const dataKey = Buffer.alloc(32, 'd')
const encryptionContext = { zeta: 'stored', tenant: 't-1', region: 'eu' }
const requiredContext = ['tenant', 'region']

describe('required encryption context', () => {
  test('has the bytes of the specification', async () => {
    const { result } = await encrypt(fixedKey(dataKey), 'text', { encryptionContext, requiredContext })
    const writer = referenceWriter({ messageId: result.subarray(3, 35), dataKey })
    const header = writer.header({
      context: contextOf(['zeta', 'stored']),
      unstored: contextOf(['region', 'eu'], ['tenant', 't-1']),
      encryptedDataKeys: encryptedDataKeysOf(someWrappedKey),
    })
    expect(result).toEqual(Buffer.concat([header, writer.body(Buffer.from('text'), 4096)]))
  })

  test('may contain all pairs: then the header has no context', async () => {
    const options = { encryptionContext, requiredContext: Object.keys(encryptionContext) }
    const { result } = await encrypt(rawKeys(), 'text', options)
    expect(result.readUInt16BE(35)).toBe(0)
    const { plaintext, messageHeader } = await decrypt(rawKeys(), result, options)
    expect(plaintext.toString()).toBe('text')
    expect(messageHeader.encryptionContext).toEqual(encryptionContext)
  })

  test('readers that do not know the values cannot decrypt the message, AWS included', async () => {
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

  test('is told apart by the header tag alone if all contexts share a data key', async () => {
    const keys = fixedKey(dataKey)
    const { result } = await encrypt(keys, 'text', { encryptionContext, requiredContext })
    const wrong = { ...encryptionContext, tenant: 't-2' }
    await expectUniformFailure(decrypt(keys, result, { encryptionContext: wrong, requiredContext }))
    expect((await decrypt(keys, result, { encryptionContext, requiredContext })).plaintext.toString()).toBe(
      'text',
    )
  })

  test('is checked again even if the same keys and pairs were used before', async () => {
    const keys = fixedKey(dataKey)
    const sizes: number[] = []
    for (const required of [[], ['tenant'], ['region'], ['tenant', 'region'], []]) {
      const { result } = await encrypt(keys, 'text', { encryptionContext, requiredContext: required })
      expect(result.includes('t-1')).toBe(!required.includes('tenant'))
      expect(result.includes('region')).toBe(!required.includes('region'))
      sizes.push(result.length)
      const opened = await decrypt(keys, result, { encryptionContext, requiredContext: required })
      expect(opened.plaintext.toString()).toBe('text')
    }
    expect(new Set(sizes).size).toBe(4)
  })

  test('must contain every required name', async () => {
    const error = await rejection(encrypt(rawKeys(), 'text', { requiredContext: ['tenant'] }))
    expect(error.code).toBe('ERR_BINDING_INVALID')
    const services = messageEnvelope({ use: 'store:test', keys: rawKeys(), requiredContext: ['tenant'] })
    expect((await rejection(services.encrypt(samplePatient(), patient, { binding: {} }))).code).toBe(
      'ERR_BINDING_INVALID',
    )
  })

  test('works in an envelope, signed too', async () => {
    for (const suite of ['0x0478', '0x0578'] as const) {
      const services = messageEnvelope({
        use: 'store:test',
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
