/** Whose entry goes when a cache that many share is full. */
import { describe, expect, test } from '@jest/globals'
import { boundedMap, Shares } from '../src/bounded-map.ts'

const entry = (owner?: string) => ({ owner })
const setUp = (bound: number) => {
  const shares = new Shares<{ owner: string | undefined }>(bound)
  const add = (owner: string | undefined, count: number) =>
    Array.from({ length: count }, () => {
      const one = entry(owner)
      shares.add(one)
      return one
    })
  return { shares, add }
}

describe('a share', () => {
  test.each([
    [1, 16],
    [64, 16],
    [67, 16],
    [68, 17],
    [100, 25],
    [1_000, 250],
  ])('of a cache of %i is a quarter, and sixteen at least: %i', (bound, share) => {
    const { shares, add } = setUp(bound)
    const [first] = add('a', share)
    expect(shares.excess('a')).toBeUndefined()
    add('a', 1)
    expect(shares.excess('a')).toBe(first)
    expect(shares.excess('b')).toBe(first)
    expect(shares.excess(undefined)).toBe(first)
  })

  test('is left by the oldest entry, and by those that went', () => {
    const { shares, add } = setUp(64)
    const [first, second] = add('a', 17)
    shares.touch(first!)
    expect(shares.excess('a')).toBe(second)
    shares.delete(second!)
    expect(shares.excess('a')).toBeUndefined()
    // One that is not there changes nothing.
    shares.delete(second!)
    shares.touch(second!)
    add('a', 1)
    expect(shares.excess('a')).toBeDefined()
    expect(shares.excess('a')).not.toBe(second)
  })

  test('is first lost by the one who made the cache full', () => {
    const { shares, add } = setUp(64)
    const [ofA] = add('a', 17)
    const [ofB] = add('b', 17)
    add('c', 1)
    expect(shares.excess('b')).toBe(ofB)
    expect(shares.excess('a')).toBe(ofA)
    expect(shares.excess('c')).toBe(ofA)
  })

  test('is none of entries without an owner', () => {
    const { shares, add } = setUp(64)
    const [one] = add(undefined, 100)
    expect(shares.excess(undefined)).toBeUndefined()
    shares.touch(one!)
    shares.delete(one!)
  })
})

describe('a bounded map', () => {
  test('loses the oldest, or of an owner over his share the oldest', () => {
    const map = boundedMap<number>(64)
    map.set('quiet', 0, 'quiet')
    for (let at = 0; at < 100; at++) map.set(`loud-${at}`, at, 'loud')
    expect(map.size).toBe(64)
    expect(map.get('quiet')).toBe(0)
    expect([map.get('loud-36'), map.get('loud-37'), map.get('loud-99')]).toEqual([undefined, 37, 99])
    const plain = boundedMap<number>(2)
    for (const key of ['a', 'b', 'a', 'c']) plain.set(key, 1)
    expect([...plain.entries()].map(({ key }) => key)).toEqual(['a', 'c'])
    plain.delete('a')
    expect([plain.size, plain.get('a'), plain.get('c')]).toEqual([1, undefined, 1])
    plain.clear()
    expect(plain.size).toBe(0)
  })

  test('forgets shares with its entries', () => {
    const map = boundedMap<number>(64)
    for (let at = 0; at < 17; at++) map.set(`a-${at}`, at, 'a')
    map.clear()
    map.set('first', 0, 'b')
    for (let at = 0; at < 64; at++) map.set(`c-${at}`, at)
    expect(map.get('first')).toBeUndefined()
  })
})
