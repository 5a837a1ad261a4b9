import type { KeyMaterial } from '@glassine/keys'
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { encrypt } from '../src/bytes/index.ts'
import { writeMessageId } from '../src/message.ts'
import { rawKeys } from './support/keys.ts'

const ids = (count: number): string[] =>
  Array.from({ length: count }, () => {
    const out = Buffer.alloc(40)
    writeMessageId(out, 4)
    // Nothing is written around the id.
    expect(out.readUInt32BE(0)).toBe(0)
    expect(out.readUInt32BE(36)).toBe(0)
    return out.toString('hex', 4, 36)
  })

describe('message ids', () => {
  afterEach(() => {
    jest.restoreAllMocks()
  })

  test('never repeat, over many refills of the pool', () => {
    expect(new Set(ids(5_000)).size).toBe(5_000)
  })

  /** The pool itself: the buffer from which ids are copied. */
  const poolOf = (): Buffer => {
    const copy = jest.spyOn(Buffer.prototype, 'copy')
    ids(1)
    const pool = copy.mock.contexts[0] as Buffer
    copy.mockRestore()
    return pool
  }

  test('are erased from the pool', () => {
    const pool = poolOf()
    const given = ids(20)
    const left = pool.toString('hex')
    expect(given.filter((id) => left.includes(id))).toEqual([])
  })

  test.each([
    ['is too old', 101],
    ['has an unknown age because the clock went back', -1],
  ])('do not come from a pool that %s', (_reason, ms) => {
    const clock = jest.spyOn(Date, 'now').mockReturnValue(1_000_000)
    ids(64)
    const pool = poolOf()
    const before = Buffer.from(pool)
    clock.mockReturnValue(1_000_000 + ms)
    const [next] = ids(1)
    // The rest would be used next, here or in another environment restored from the same snapshot.
    expect(before.toString('hex')).not.toContain(next)
    clock.mockReturnValue(1_000_000 + ms + 100)
    const now = pool.toString('hex')
    expect(now).toContain(ids(1)[0])
  })
})

describe('message ids under SnapStart', () => {
  const variable = 'AWS_LAMBDA_INITIALIZATION_TYPE'
  afterEach(() => {
    delete process.env[variable]
    jest.restoreAllMocks()
  })

  test('are drawn one by one, since environments restored from one snapshot would share a pool', () => {
    process.env[variable] = 'snap-start'
    // The pool of the tests above is too old by then.
    jest.spyOn(Date, 'now').mockReturnValue(Number.MAX_SAFE_INTEGER)
    const copy = jest.spyOn(Buffer.prototype, 'copy')
    expect(new Set(ids(200)).size).toBe(200)
    expect(copy).not.toHaveBeenCalled()
  })
})

describe('signing keys', () => {
  const publicKeyOf = async (keys: KeyMaterial, tenant: string): Promise<string> => {
    const { messageHeader } = await encrypt(keys, 'text', {
      suiteId: 0x0578,
      encryptionContext: { tenant },
    })
    return messageHeader.encryptionContext['aws-crypto-public-key']!
  }

  test('never repeat: each context and each source of keys has its own', async () => {
    const [a, b] = [rawKeys(), rawKeys()]
    const made = [
      await publicKeyOf(a, 't-1'),
      await publicKeyOf(a, 't-2'),
      await publicKeyOf(a, 't-3'),
      await publicKeyOf(b, 't-1'),
    ]
    expect(new Set(made).size).toBe(made.length)
  })
})
