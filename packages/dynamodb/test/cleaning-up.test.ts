// No key of an item outlives its use: whatever passed through node:crypto or came from a keyring is zeros in the end,
// also when a call of node:crypto fails in the middle, and when an item turns out not to be authentic.
import { isZero, recordCrypto, type SeenBytes, watchKeys } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import type { Item } from '../src/index.ts'
// These keep the real node:crypto: what a keyring leaves behind is not the item's.
import { rawAesTestKeyring, testKeyring } from './support/keyrings.ts'

const crypto = recordCrypto()
// After the line above, or it would have the real node:crypto.
const { itemEncryptorOfActions } = await import('../src/index.ts')

const plain: Item = {
  id: { S: 'p-1' },
  ssn: { S: '123-45-6789 and some more to fill a block or two' },
  list: { L: [{ S: 'visit' }, { N: '42' }] },
}

const setUp = (suite: '0x6700' | '0x6701') => {
  const watch = watchKeys()
  const encryptor = itemEncryptorOfActions({
    table: 'T',
    partitionKey: 'id',
    attributeActions: { id: 'SIGN_ONLY', ssn: 'ENCRYPT_AND_SIGN', list: 'ENCRYPT_AND_SIGN' },
    suite,
    keys: [
      watch.keyring(testKeyring()),
      watch.keyring(rawAesTestKeyring({ namespace: 'n', name: 'k', key: Buffer.alloc(32, 3) })),
    ],
  })
  return { watch, encryptor }
}

const publishedBy = (item: Item | undefined) =>
  Object.values(item ?? {}).flatMap((value) => ('B' in value ? [value.B] : []))

/**
 * Commitments and the footer's tags are public, even those that did not match. Keys are derived from a few bytes,
 * commitments from a header. Of a hash whose first half becomes a key, the other half is used for nothing.
 */
const aside = (one: SeenBytes): boolean => {
  const { call, algorithm, role, bytes } = one
  if (call !== 'createHmac' || role !== 'output') return false
  const input = crypto.seen[crypto.seen.indexOf(one) - 1]!
  return algorithm === 'sha384' || input.bytes.length > 100 || isZero(bytes.subarray(0, 32))
}

describe.each(['0x6700', '0x6701'] as const)('suite %s', (suite) => {
  test('encrypting leaves no key behind', async () => {
    const { watch, encryptor } = setUp(suite)
    crypto.reset()
    const item = await encryptor.encryptItem(plain)
    expect(crypto.seen.length).toBeGreaterThan(20)
    expect(crypto.left({ published: publishedBy(item), except: aside })).toEqual([])
    watch.expectZeroed()
  })

  test('decrypting leaves no key and no plaintext behind', async () => {
    const { watch, encryptor } = setUp(suite)
    const item = await encryptor.encryptItem(plain)
    crypto.reset()
    expect(await encryptor.decryptItem(item)).toEqual(plain)
    expect(crypto.left({ published: publishedBy(item), except: aside })).toEqual([])
    watch.expectZeroed()
  })

  test.each([
    ['aws_dbe_head', -1],
    ['aws_dbe_head', 40],
    ['aws_dbe_foot', 10],
    ['ssn', -1],
    ['ssn', 5],
  ])('nor does an item whose %s was changed at %i', async (name, at) => {
    const { watch, encryptor } = setUp(suite)
    const item = await encryptor.encryptItem(plain)
    const bytes = Buffer.from((item[name] as { B: Uint8Array }).B)
    bytes[at < 0 ? bytes.length + at : at]! ^= 1
    crypto.reset()
    await expect(encryptor.decryptItem({ ...item, [name]: { B: bytes } })).rejects.toMatchObject({
      code: 'ERR_DECRYPT_FAILED',
    })
    // Where the header itself is refused, no key is derived.
    if (crypto.calls() > 0) expect(crypto.left({ published: publishedBy(item), except: aside })).toEqual([])
    watch.expectZeroed()
  })
})

test('an item whose keys fail in the middle leaves none behind, whichever call of node:crypto it is', async () => {
  const { watch, encryptor } = setUp('0x6700')
  let failures = 0
  await crypto.failEach(async () => {
    const item = await encryptor.encryptItem(plain).catch(() => undefined)
    if (item === undefined) failures++
    watch.expectZeroed()
    expect(crypto.left({ published: publishedBy(item), except: aside })).toEqual([])
  })
  expect(failures).toBeGreaterThan(20)
})

test('an item that is too large leaves no key behind', async () => {
  const { watch, encryptor } = setUp('0x6700')
  const item = await encryptor.encryptItem(plain)
  const overhead = (item.aws_dbe_head as { B: Uint8Array }).B.length
  // Small enough before the header's real length is known, and too large with it.
  const large = { ...plain, list: { S: 'x'.repeat(409_600 - overhead - 150) } }
  crypto.reset()
  await expect(encryptor.encryptItem(large)).rejects.toMatchObject({ code: 'ERR_TOO_LARGE' })
  expect(crypto.calls()).toBeGreaterThan(20)
  expect(crypto.left({ except: aside })).toEqual([])
  watch.expectZeroed()
})

test('a keyring that fails leaves no key of the other keyrings behind, however late theirs come', async () => {
  const watch = watchKeys()
  const slow = watch.keyring({
    ...testKeyring(),
    generate: async (request) => {
      await new Promise((resolve) => setTimeout(resolve, 5))
      return testKeyring().generate(request)
    },
  })
  const failing = { ...testKeyring(), id: 'failing', generate: () => Promise.reject(new Error('down')) }
  const encryptor = itemEncryptorOfActions({
    table: 'T',
    partitionKey: 'id',
    attributeActions: { id: 'SIGN_ONLY', ssn: 'ENCRYPT_AND_SIGN', list: 'ENCRYPT_AND_SIGN' },
    keys: [watch.keyring(testKeyring()), failing, slow],
  })
  await expect(encryptor.encryptItem(plain)).rejects.toMatchObject({ code: 'ERR_ENCRYPT_FAILED' })
  await new Promise((resolve) => setTimeout(resolve, 20))
  watch.expectZeroed()
})
