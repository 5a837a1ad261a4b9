import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { contextBytes, parseBlob, sealBlob } from '../src/blob.ts'
import { keyHash, newKeyId, newMaterial } from '../src/state.ts'

const keyId = newKeyId(false)
const material = newMaterial('SYMMETRIC_DEFAULT', 0)
const contexts = fc.dictionary(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), { maxKeys: 5 })

describe('ciphertext blobs', () => {
  test('decrypt under the same context, in any order of its pairs', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 4096 }), contexts, (plaintext, context) => {
        const blob = sealBlob(keyId, material, plaintext, context)
        const reversed = Object.fromEntries(Object.entries(context).reverse())
        const parsed = parseBlob(blob)
        expect(parsed.keyHash.equals(keyHash(keyId))).toBe(true)
        expect(parsed.open(material, reversed)).toEqual(Buffer.from(plaintext))
      }),
      { seed: 1, numRuns: 100 },
    )
  })

  test('do not decrypt under another context or other material', () => {
    fc.assert(
      fc.property(contexts, contexts, (context, other) => {
        const parsed = parseBlob(sealBlob(keyId, material, Buffer.from('x'), context))
        const same =
          JSON.stringify(Object.entries(context).sort()) === JSON.stringify(Object.entries(other).sort())
        expect(parsed.open(material, other) !== undefined).toBe(same)
        expect(parsed.open(newMaterial('SYMMETRIC_DEFAULT', 0), context)).toBeUndefined()
      }),
      { seed: 2, numRuns: 100 },
    )
  })

  test('do not decrypt with a byte changed, added or removed', () => {
    const context = { tenant: 't-1' }
    const blob = sealBlob(keyId, material, Buffer.alloc(32, 7), context)
    expect(blob).toHaveLength(184)
    const opens = (bytes: Buffer): boolean => {
      try {
        const parsed = parseBlob(bytes)
        return parsed.keyHash.equals(keyHash(keyId)) && parsed.open(material, context) !== undefined
      } catch {
        return false
      }
    }
    expect(opens(blob)).toBe(true)
    for (let at = 0; at < blob.length; at++) {
      for (const change of [0x01, 0x80]) {
        const damaged = Buffer.from(blob)
        damaged[at] = (damaged[at] ?? 0) ^ change
        expect({ at, opens: opens(damaged) }).toEqual({ at, opens: false })
      }
      expect(opens(blob.subarray(0, at))).toBe(false)
    }
    expect(opens(Buffer.concat([blob, Buffer.of(0)]))).toBe(false)
  })

  test('contexts that join to the same text have different bytes', () => {
    expect(contextBytes({ ab: 'c' })).not.toEqual(contextBytes({ a: 'bc' }))
    expect(contextBytes({ a: 'b', c: 'd' })).not.toEqual(contextBytes({ a: 'bcd' }))
    expect(contextBytes({})).toHaveLength(0)
  })
})
