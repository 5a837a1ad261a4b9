import { createHmac, createSecretKey, KeyObject, randomBytes } from 'node:crypto'
import { secretKey } from '@glassine/keys/internal'
import { describe, expect, test } from '@jest/globals'
import { buffersAreSlow, secretKeyFor } from '../../src/crypto/symmetric.ts'

describe('the form of keys', () => {
  test.each([
    '20.19.0',
    '20.20.2',
    '22.23.3',
    '24.17.0',
    '24.22.1',
    '24.99.0',
    '25.9.0',
    '26.0.0',
    '26.1.0',
    '26.9.0',
    '26.12.1',
  ])('is the Buffer itself on Node %s, where that is fast', (node) => {
    const bytes = randomBytes(32)
    expect(secretKeyFor(node)(bytes)).toBe(bytes)
  })

  test.each(['24.18.0', '24.18.1', '24.20.0', '24.21.0', '26.2.0', '26.8.2'])(
    'is a KeyObject of the same bytes on Node %s, where Buffers are slow',
    (node) => {
      const bytes = randomBytes(32)
      const key = secretKeyFor(node)(bytes)
      expect(key).toBeInstanceOf(KeyObject)
      expect((key as KeyObject).export()).toEqual(bytes)
    },
  )

  test.each(['22.23.3', '24.21.0'])('leaves a KeyObject unchanged on Node %s', (node) => {
    const key = createSecretKey(randomBytes(32))
    expect(secretKeyFor(node)(key)).toBe(key)
  })

  test('is chosen by the running version', () => {
    const isObject = secretKey(randomBytes(32)) instanceof KeyObject
    expect(isObject).toBe(buffersAreSlow(process.versions.node))
  })

  test('a key that became a KeyObject outlives the zeroing of its bytes', () => {
    const bytes = randomBytes(32)
    const before = createHmac('sha256', bytes).update('x').digest('hex')
    const key = secretKeyFor('24.21.0')(bytes)
    bytes.fill(0)
    expect(createHmac('sha256', key).update('x').digest('hex')).toBe(before)
  })
})
