import { createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { describeShared } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { committedKeys } from '../src/derive.ts'
import { digestBytes, hmacSha512 } from '../src/hmac-sha512.ts'
import { suite0x0178, suite0x0378 } from '../src/legacy/index.ts'
import { committingSuites } from '../src/suites.ts'

describe('key derivation', () => {
  const dataKey = randomBytes(32)
  const messageId = randomBytes(32)

  test.each(committingSuites.map((suite) => [suite.name, suite] as const))(
    '%s is HKDF-SHA512 with the message id as salt',
    (name, suite) => {
      const { cipherKey, commitment } = committedKeys(suite, dataKey, messageId)
      const id = Buffer.from(name.slice(2), 'hex')
      expect(commitment).toEqual(Buffer.from(hkdfSync('sha512', dataKey, messageId, 'COMMITKEY', 32)))
      const info = Buffer.concat([id, Buffer.from('DERIVEKEY')])
      expect(cipherKey).toEqual(Buffer.from(hkdfSync('sha512', dataKey, messageId, info, 32)))
    },
  )

  test.each([
    ['0x0178', 'sha256', suite0x0178],
    ['0x0378', 'sha384', suite0x0378],
  ] as const)('%s is HKDF-%s with the message id in the info', (name, hash, suite) => {
    const id = randomBytes(16)
    const info = Buffer.concat([Buffer.from(name.slice(2), 'hex'), id])
    expect(suite.cipherKey(dataKey, id)).toEqual(
      Buffer.from(hkdfSync(hash, dataKey, Buffer.alloc(0), info, 32)),
    )
  })

  test('a data key of another length is refused', () => {
    expect(() => committedKeys(committingSuites[0]!, Buffer.alloc(16), messageId)).toThrow(
      expect.objectContaining({ code: 'ERR_ENCRYPT_FAILED' }),
    )
  })
})

describe('HMAC-SHA512', () => {
  const digest = (key: Buffer, message: Buffer): string => {
    const hmac = hmacSha512(key.length, message.length)
    hmac.key(key)
    hmac.message(message)
    const text = hmac.digest()
    hmac.wipe()
    return Buffer.from(text, 'binary').toString('hex')
  }

  test('is the one of node:crypto, for every length of key up to a block', () => {
    const bytes = (maxLength: number) => fc.uint8Array({ minLength: 1, maxLength }).map((b) => Buffer.from(b))
    fc.assert(
      fc.property(bytes(128), bytes(300), (key, message) => {
        expect(digest(key, message)).toBe(createHmac('sha512', key).update(message).digest('hex'))
      }),
    )
  })

  test('a work space that was wiped and used again gives the same digest', () => {
    const hmac = hmacSha512(digestBytes, 4)
    const once = () => {
      hmac.key(Buffer.alloc(64, 'k'))
      hmac.message(Buffer.from('text'))
      const text = hmac.digest()
      hmac.wipe()
      return text
    }
    expect(once()).toBe(once())
  })

  describeShared('Wycheproof', 'vectors/wycheproof', ({ json }) => {
    test('all vectors whose key is at most a block', () => {
      let checked = 0
      for (const group of json('hmac_sha512_test.json').testGroups)
        for (const { key, msg, tag, result } of group.tests) {
          if (key.length > 256) continue
          const matches = digest(Buffer.from(key, 'hex'), Buffer.from(msg, 'hex')).startsWith(tag)
          expect(matches).toBe(result === 'valid')
          checked++
        }
      expect(checked).toBeGreaterThan(100)
    })
  })
})
