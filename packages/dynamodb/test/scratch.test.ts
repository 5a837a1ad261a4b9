import { describe, expect, test } from '@jest/globals'
import { giveBack, takeScratch, Writer } from '../src/attributes/writer.ts'
import { type Item, itemEncryptorOfActions } from '../src/index.ts'
import { testKeyring } from './support/keyrings.ts'

describe('buffers that items are serialised in', () => {
  test('are zeroed before they are used again, and never lent twice at a time', () => {
    const one = takeScratch()
    const two = takeScratch()
    expect(one).not.toBe(two)
    one.write('plaintext')
    giveBack(one, 9)
    expect(one.subarray(0, 9)).toEqual(Buffer.alloc(9))
    expect(takeScratch()).toBe(one)
  })

  test('are zeroed when a larger one takes their place; the largest are not kept', () => {
    const first = takeScratch()
    const out = new Writer(first)
    out.text('plaintext')
    out.bytes(new Uint8Array(100_000).fill(1))
    expect(first.subarray(0, 9)).toEqual(Buffer.alloc(9))
    expect(out.buffer.toString('latin1', 0, 9)).toBe('plaintext')
    giveBack(out.buffer, out.at)
    expect(out.buffer.every((byte) => byte === 0)).toBe(true)
    expect(takeScratch()).not.toBe(out.buffer)
  })

  test('of items under way at once are not mixed up, also when some of them fail', async () => {
    const inner = testKeyring()
    let calls = 0
    const encryptor = itemEncryptorOfActions({
      table: 'T',
      partitionKey: 'id',
      attributeActions: { id: 'SIGN_ONLY', secret: 'ENCRYPT_AND_SIGN', list: 'SIGN_ONLY' },
      suite: '0x6700',
      keys: {
        ...inner,
        generate: async (request) => {
          const call = calls++
          // Out of order, and every fifth not at all.
          await new Promise((resolve) => setTimeout(resolve, (call * 7) % 5))
          if (call % 5 === 0) throw new Error('refused')
          return inner.generate(request)
        },
      },
    })
    const items = Array.from(
      { length: 60 },
      (_, at): Item => ({
        id: { N: String(at) },
        secret: { S: `${at}`.repeat(1 + at * 40) },
        list: { L: Array.from({ length: at }, () => ({ N: String(at) })) },
      }),
    )
    const encrypted = await Promise.allSettled(items.map((item) => encryptor.encryptItem(item)))
    expect(encrypted.filter(({ status }) => status === 'rejected')).toHaveLength(12)
    for (const [at, result] of encrypted.entries())
      if (result.status === 'fulfilled') expect(await encryptor.decryptItem(result.value)).toEqual(items[at])
  })
})
