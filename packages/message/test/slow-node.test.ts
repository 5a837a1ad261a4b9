/** On versions of Node that are slow with Buffers as keys: one KeyObject per message, used for all of it. */
import { randomBytes } from 'node:crypto'
import { recordCrypto } from '@glassine/test-support'
import { beforeEach, expect, test } from '@jest/globals'

const recorder = recordCrypto()
Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '24.21.0' } })
// Imported dynamically, after the lines above.
const { decrypt, encrypt } = await import('../src/bytes/index.ts')
const { fixedKey } = await import('./support/fixed-key.ts')

beforeEach(() => recorder.reset())

/** The calls that got a key as a Buffer; the recorder does not note KeyObjects. */
const givenBuffers = (): readonly string[] =>
  recorder.seen.filter(({ role }) => role === 'key').map(({ call }) => call)
const ivs = (of: string): number =>
  recorder.seen.filter(({ call, role }) => call === of && role === 'iv').length

test.each([
  ['of one frame', 100, 2],
  ['of three frames', 10_000, 4],
])('a message %s takes one KeyObject to write and one to read', async (_, length, operations) => {
  const keys = fixedKey(Buffer.alloc(32, 7))
  const plaintext = randomBytes(length)
  const { result } = await encrypt(keys, plaintext)
  expect(givenBuffers()).toEqual(['createSecretKey'])
  expect(ivs('createCipheriv')).toBe(operations)

  recorder.reset()
  expect((await decrypt(keys, result)).plaintext).toEqual(plaintext)
  expect(givenBuffers()).toEqual(['createSecretKey'])
  expect(ivs('createDecipheriv')).toBe(operations)
})
