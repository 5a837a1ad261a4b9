// The harness that other tests rely on: it must find what it is there to find.
import { CryptoFault, recordCrypto } from '@glassine/test-support'
import { beforeEach, describe, expect, test } from '@jest/globals'

const recorder = recordCrypto()
const { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } = await import('node:crypto')

beforeEach(() => recorder.reset())

const sealed = (key: Buffer, iv: Buffer, text: string): Buffer => {
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: 16 })
  return Buffer.concat([cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
}

describe('recordCrypto', () => {
  test('finds a derived key that was not zeroed, and none that was', () => {
    const key = createHmac('sha256', 'label').update('input').digest()
    const iv = randomBytes(12)
    const message = sealed(key, iv, 'text')
    const published = [Buffer.concat([iv, message])]
    expect(recorder.left({ published })).toEqual([
      'createHmac sha256: output of 32 bytes',
      'createCipheriv aes-256-gcm: key of 32 bytes',
    ])
    key.fill(0)
    expect(recorder.left({ published })).toEqual([])
    expect(recorder.left()).toEqual(['randomBytes random: output of 12 bytes'])
  })

  test('finds plaintext that was not authentic', () => {
    const key = randomBytes(32)
    const message = sealed(key, Buffer.alloc(12), 'plaintext')
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.alloc(12), { authTagLength: 16 })
    decipher.setAuthTag(Buffer.alloc(16))
    const plaintext = decipher.update(message.subarray(0, -16))
    expect(() => decipher.final()).toThrow()
    key.fill(0)
    expect(recorder.left()).toEqual(['createDecipheriv aes-256-gcm: output of 9 bytes'])
    plaintext.fill(0)
    expect(recorder.left()).toEqual([])
  })

  test('finds key streams and the output of HKDF', () => {
    const key = randomBytes(32)
    const stream = createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(48))
    const derived = Buffer.from(hkdfSync('sha512', key, '', 'info', 32))
    key.fill(0)
    expect(recorder.left()).toEqual([
      'createCipheriv aes-256-ctr: output of 48 bytes',
      'hkdfSync sha512: output of 32 bytes',
    ])
    stream.fill(0)
    derived.fill(0)
    expect(recorder.left()).toEqual([])
  })

  test('checks what is left of a buffer', () => {
    const both = randomBytes(64)
    const published = [Buffer.from(both.subarray(32))]
    expect(recorder.left({ published })).toHaveLength(1)
    both.fill(0, 0, 32)
    expect(recorder.left({ published })).toEqual([])
    both.fill(1, 31, 32)
    expect(recorder.left({ published })).toHaveLength(1)
  })

  test('makes each call fail in turn, and names it', async () => {
    const failed: unknown[] = []
    await recorder.failEach((at) => {
      try {
        const key = createHmac('sha256', 'label').update('input').digest()
        sealed(key, Buffer.alloc(12), 'text')
        failed.push([at, undefined])
      } catch (error) {
        expect(error).toBeInstanceOf(CryptoFault)
        failed.push([at, recorder.calls()])
      }
    })
    // createHmac, update, digest, createCipheriv, update, final, getAuthTag
    expect(failed).toEqual([[undefined, undefined], ...Array.from({ length: 7 }, (_, at) => [at, at + 1])])
  })

  test('fails if it recorded nothing', async () => {
    expect(() => recorder.left()).toThrow('import the modules under test dynamically')
    await expect(recorder.failEach(() => {})).rejects.toThrow('no call')
  })
})
