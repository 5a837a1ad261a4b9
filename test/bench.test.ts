// `npm run bench -- --check` must fail if a bar is missed, and the floor must be what it claims to be.
import { spawnSync } from 'node:child_process'
import { createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import { readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from '@jest/globals'
import { pairs } from '../bench/against.ts'
import { atLeast, atMost, reported } from '../bench/figure.ts'
import { gcmSeal, hmacOf } from '../bench/floor.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Runs the benchmark of `fixtures/bars.ts` as `npm run bench` runs the real one. */
const run = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['tools/ts.mjs', 'test/fixtures/bars.ts', ...args],
    { cwd: root, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined } },
  )
  return { status, stdout, stderr, last: stdout.trimEnd().split('\n').at(-1) }
}

describe('npm run bench', () => {
  test('exits 1 with --check if a bar is missed, and names it in its last line', () => {
    const { status, last } = run('--check')
    expect(status).toBe(1)
    expect(last).toBe('1 of 2 bars missed: size-now is 2 kB, not <= 1')
  })

  test('prints a missed bar and its goal, and exits 0 without --check', () => {
    const { status, stdout } = run()
    expect(stdout).toMatch(/^size-now +2 +kB +size +<= 1 +<= 0\.5 +missed$/m)
    expect(stdout).toMatch(/^calls-now +1 +calls +count +<= 2 +holds$/m)
    expect(status).toBe(0)
  })

  test('measures and checks only the kinds that are named', () => {
    const { status, stdout, last } = run('--check', 'counts,times')
    expect(status).toBe(0)
    expect(last).toBe('1 of 1 bars hold')
    expect(stdout).toContain('time-now')
    expect(stdout).not.toContain('size-now')
    expect(run('--check', 'sizes').status).toBe(1)
  })

  test('exits 1 with --check if there is no bar to check', () => {
    expect(run('--check', '--only', 'unbarred')).toMatchObject({ status: 1, last: 'no bar was checked' })
  })

  test.each([
    ['sizes,colours', 'no such kind of figure: colours'],
    ['--only=possible,other', 'no such group: other; there are: possible, impossible, unbarred'],
    ['--rounds=0', '--rounds must be a positive integer'],
    ['--chek', "Unknown option '--chek'"],
  ])('exits 2 on %s', (argument, message) => {
    const { status, stderr } = run(argument)
    expect(status).toBe(2)
    expect(stderr).toContain(message)
  })

  test('writes its figures to a file', () => {
    const file = path.join(tmpdir(), `bench-${randomBytes(6).toString('hex')}.json`)
    try {
      run('--json', file, 'sizes')
      expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
        figures: [
          {
            name: 'size-now',
            kind: 'size',
            value: 2,
            unit: 'kB',
            bar: '<= 1',
            goal: '<= 0.5',
            holds: false,
            what: 'cannot hold',
          },
        ],
      })
    } finally {
      rmSync(file, { force: true })
    }
  })
})

test('a figure holds its bar up to the bar itself', () => {
  expect(atMost('a', 1, 1, 'kB', '').holds).toBe(true)
  expect(atMost('a', 1.01, 1, 'kB', '').holds).toBe(false)
  expect(atLeast('a', 1, 1, 'times faster', '').holds).toBe(true)
  expect(atLeast('a', 0.99, 1, 'times faster', '').holds).toBe(false)
  expect(atMost('a', Number.NaN, 1, 'kB', '').holds).toBe(false)
})

describe('before and after', () => {
  const round = (before: number, after: number, unit: 'us' | 'times faster') => ({
    before: [reported('a', before, unit, ''), reported('gone', 1, 'us', '')],
    after: [reported('a', after, unit, ''), reported('new', 1, 'us', '')],
  })

  test('compares the figures that both have, by the median of the factors of all rounds', () => {
    const rounds = [round(10, 11, 'us'), round(10, 30, 'us'), round(10, 9, 'us')]
    expect(pairs(rounds)).toEqual([
      { name: 'a', kind: 'time', unit: 'us', before: 10, after: 11, worse: 1.1 },
    ])
  })

  test('counts less as worse if more is better', () => {
    expect(pairs([round(4, 2, 'times faster')])[0]?.worse).toBe(2)
    expect(pairs([round(2, 4, 'times faster')])[0]?.worse).toBe(0.5)
  })
})

describe('the floor', () => {
  test.each(['sha256', 'sha384', 'sha512'] as const)("is an HMAC with %s, equal to createHmac's", (hash) => {
    for (const [keyBytes, messageBytes] of [
      [32, 32],
      [64, 200],
    ] as const) {
      const hmac = hmacOf(hash, keyBytes, messageBytes)
      for (let time = 0; time < 2; time++) {
        const [key, message] = [randomBytes(keyBytes), randomBytes(messageBytes)]
        expect(hmac(key, message)).toEqual(createHmac(hash, key).update(message).digest())
      }
    }
  })

  test('is an AES-GCM that node:crypto decrypts', () => {
    const [key, iv, plaintext, aad] = [randomBytes(32), randomBytes(12), randomBytes(40), randomBytes(9)]
    const { body, tag } = gcmSeal(key, iv, plaintext, aad)
    const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: 16 })
    decipher.setAAD(aad).setAuthTag(tag)
    expect(Buffer.concat([decipher.update(body), decipher.final()])).toEqual(plaintext)
  })
})
