import { createDecipheriv, createSecretKey, randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import { serialiseContext } from '@glassine/keys/internal'
import { rawAesKeyring } from '@glassine/keys/raw-aes'
import { describe, expect, test } from '@jest/globals'

const context = serialiseContext({ tenant: 't-1', 'glassine:model': 'patient' })
const request = { suite: 0x0478, context, deadline: () => Date.now() + 1_000, length: 32 }

describe('rawAesKeyring', () => {
  test.each([16, 24, 32])('a %i-byte wrapping key writes what the specification says', async (size) => {
    const key = randomBytes(size)
    const keyring = rawAesKeyring({ namespace: 'clinic', name: 'schlüssel', key })
    const { dataKey, encryptedDataKeys } = await keyring.generate(request)
    expect(encryptedDataKeys).toHaveLength(1)
    const [{ providerId, providerInfo, ciphertext }] = encryptedDataKeys as [(typeof encryptedDataKeys)[0]]
    expect(providerId).toBe('clinic')

    // Key name | tag bits | iv length | iv, read by hand.
    const name = Buffer.from('schlüssel', 'utf8')
    expect(providerInfo.subarray(0, name.length).equals(name)).toBe(true)
    expect(providerInfo.readUInt32BE(name.length)).toBe(128)
    expect(providerInfo.readUInt32BE(name.length + 4)).toBe(12)
    const iv = providerInfo.subarray(name.length + 8)
    expect(iv).toHaveLength(12)

    const gcm = createDecipheriv(`aes-${size * 8}-gcm` as 'aes-256-gcm', key, iv, { authTagLength: 16 })
    // The encryption context, serialised by hand: count, then pairs sorted by name.
    const lv = (text: string) => {
      const bytes = Buffer.from(text, 'utf8')
      return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes])
    }
    gcm.setAAD(
      Buffer.concat([Buffer.from([0, 2]), lv('glassine:model'), lv('patient'), lv('tenant'), lv('t-1')]),
    )
    gcm.setAuthTag(ciphertext.subarray(-16))
    const opened = Buffer.concat([gcm.update(ciphertext.subarray(0, -16)), gcm.final()])
    expect(opened.equals(dataKey)).toBe(true)
  })

  test('an empty context is authenticated as no bytes at all', async () => {
    const key = randomBytes(32)
    const keyring = rawAesKeyring({ namespace: 'clinic', name: 'k', key })
    const made = await keyring.generate({ ...request, context: serialiseContext({}) })
    const [{ providerInfo, ciphertext }] = made.encryptedDataKeys as [(typeof made.encryptedDataKeys)[0]]
    const gcm = createDecipheriv('aes-256-gcm', key, providerInfo.subarray(-12), { authTagLength: 16 })
    gcm.setAuthTag(ciphertext.subarray(-16))
    expect(Buffer.concat([gcm.update(ciphertext.subarray(0, -16)), gcm.final()]).equals(made.dataKey)).toBe(
      true,
    )
  })

  test('every wrap has its own IV', async () => {
    const keyring = rawAesKeyring({ namespace: 'clinic', name: 'k', key: randomBytes(32) })
    const dataKey = randomBytes(32)
    const ivs = new Set<string>()
    for (let n = 0; n < 100; n++) {
      const [encrypted] = await keyring.wrap({ ...request, dataKey })
      ivs.add(encrypted!.providerInfo.subarray(-12).toString('hex'))
    }
    expect(ivs.size).toBe(100)
  })

  test('a KeyObject serves as a wrapping key, and the buffer given may be zeroed', async () => {
    const key = randomBytes(32)
    const one = rawAesKeyring({ namespace: 'clinic', name: 'k', key: createSecretKey(key) })
    const two = rawAesKeyring({ namespace: 'clinic', name: 'k', key })
    key.fill(0)
    const { dataKey, encryptedDataKeys } = await one.generate(request)
    expect((await two.unwrap({ ...request, encryptedDataKeys }))?.equals(dataKey)).toBe(true)
  })

  test('what a header says of tag and IV lengths is never obeyed', async () => {
    const keyring = rawAesKeyring({ namespace: 'clinic', name: 'k', key: randomBytes(32) })
    const { encryptedDataKeys } = await keyring.generate(request)
    const [good] = encryptedDataKeys as [(typeof encryptedDataKeys)[0]]
    const info = (change: (bytes: Buffer) => Buffer) => ({
      ...good,
      providerInfo: change(Buffer.from(good.providerInfo)),
    })
    const forged = [
      info((bytes) => {
        bytes.writeUInt32BE(32, 1) // 4-byte tags
        return bytes
      }),
      info((bytes) => {
        bytes.writeUInt32BE(8, 5)
        return bytes.subarray(0, -4)
      }),
      info((bytes) => bytes.subarray(0, -1)),
      { ...good, ciphertext: good.ciphertext.subarray(0, -12) },
      { ...good, ciphertext: good.ciphertext.subarray(0, 10) },
      { ...good, ciphertext: Buffer.alloc(0) },
      { ...good, providerInfo: Buffer.alloc(0) },
    ]
    for (const encrypted of forged)
      expect(await keyring.unwrap({ ...request, encryptedDataKeys: [encrypted] })).toBeUndefined()
  })

  test('two keyrings of one name never share an id', () => {
    const one = rawAesKeyring({ namespace: 'clinic', name: 'k', key: Buffer.alloc(32, 1) })
    const two = rawAesKeyring({ namespace: 'clinic', name: 'k', key: Buffer.alloc(32, 2) })
    expect(one.id).not.toBe(two.id)
  })

  test('shows no key', () => {
    const key = Buffer.alloc(32, 0xab)
    const keyring = rawAesKeyring({ namespace: 'clinic', name: 'k', key })
    const shown = inspect(keyring, { depth: null, showHidden: true, getters: true }) + JSON.stringify(keyring)
    expect(shown).not.toMatch(/ab ?ab/i)
    expect(shown).not.toContain(key.toString('base64').slice(0, 8))
  })

  test.each([
    ['namespace', { namespace: '', name: 'k', key: Buffer.alloc(32) }],
    ['namespace', { namespace: 'aws-kms', name: 'k', key: Buffer.alloc(32) }],
    ['name', { namespace: 'n', name: 7, key: Buffer.alloc(32) }],
    ['key', { namespace: 'n', name: 'k', key: Buffer.alloc(31) }],
    ['key', { namespace: 'n', name: 'k', key: 'x'.repeat(32) }],
    ['key', { namespace: 'n', name: 'k', key: createSecretKey(Buffer.alloc(20)) }],
    ['key', { namespace: 'n', name: 'k' }],
    ['nmae', { namespace: 'n', nmae: 'k', key: Buffer.alloc(32) }],
  ])('throws at construction and names %s', (option, options) => {
    expect(() => rawAesKeyring(options as never)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', cause: { package: '@glassine/keys', option } }),
    )
  })
})
