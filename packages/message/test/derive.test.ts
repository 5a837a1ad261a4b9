import { hkdfSync, randomBytes } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { suite0x0178, suite0x0378 } from '../src/legacy.ts'
import { committedKeys } from '../src/message.ts'
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
