// The tool that checks whether tests notice faults must itself be able to fail.
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from '@jest/globals'
import { transformSync } from 'esbuild'
import { catalogue } from '../tools/mutants/catalogue.ts'
import { inSampleOrder, isSame, placed } from '../tools/mutants/choose.ts'
import { equivalent } from '../tools/mutants/equivalent.ts'
import { mutantsOf } from '../tools/mutants/kinds.ts'
import { diff, type Mutant, mutated, type Source } from '../tools/mutants/mutant.ts'
import { reachOf } from '../tools/mutants/reach.ts'
import { repositoryAt } from '../tools/mutants/repository.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const { sources } = repositoryAt(root)

describe('the catalogue', () => {
  test.each(catalogue.map((entry) => [`${entry.package}: ${entry.why}`, entry] as const))(
    'has one place for each fault (%s)',
    (_, entry) => {
      const mutant = placed(entry, sources)
      expect(() => transformSync(mutated(mutant).toString(), { loader: 'ts' })).not.toThrow()
      expect(mutated(mutant).equals(mutant.source.bytes)).toBe(false)
    },
  )

  test('refuses a fault that has no place, or two', () => {
    const entry = { package: 'core', replace: '', why: '' }
    expect(() => placed({ ...entry, find: 'no such text anywhere' }, sources)).toThrow('is found 0 times')
    expect(() => placed({ ...entry, find: 'export const' }, sources)).toThrow(/is found \d\d+ times/)
  })

  test('lists as equivalent only existing faults', () => {
    const all = sources.flatMap(mutantsOf)
    expect(equivalent.filter((entry) => !all.some((mutant) => isSame(mutant, entry)))).toEqual([])
  })
})

const sourceOf = (text: string, file = 'packages/a/src/a.ts'): Source => ({
  package: 'a',
  file,
  bytes: Buffer.from(text),
})

/** The results of all faults in a one-line text. */
const faultsIn = (text: string): readonly string[] =>
  mutantsOf(sourceOf(text)).map((mutant) => `${mutant.kind}: ${diff(mutant).after}`)

describe('faults', () => {
  test.each([
    [
      'const id = randomBytes(16)',
      ['randomness: const id = Buffer.alloc(16)', 'number: const id = randomBytes(17)'],
    ],
    ['crypto.getRandomValues(bytes)', ['randomness: (bytes).fill(0)', 'statement: ;']],
    [
      "createCipheriv('aes-256-gcm', key, nonce)",
      ['statement: ;', "iv: createCipheriv('aes-256-gcm', key, new Uint8Array((nonce).length))"],
    ],
    ['f({ iv })', ['statement: ;', 'iv: f({ iv: new Uint8Array((iv).length) })']],
    ['key.release()', ['cleanup: ;']],
    ['key.fill(0)', ['cleanup: ;']],
    ['key.fill(0, 5)', ['cleanup: ;', 'number: key.fill(0, 6)']],
    ['a ??= b', ['statement: ;', 'arithmetic: a = b']],
    ['const x = a <= b', ['comparison: const x = a < b']],
    ['const x = a === b', ['equality: const x = a !== b']],
    ['const x = a && !b', ['logic: const x = a || !b', 'logic: const x = a && (b)']],
    ['const x = a ?? 5', ['default: const x = (5)', 'default: const x = a ?? 6']],
    ['const { x = true } = a', ['default: const { x = false } = a']],
    ['const x = { ...a, b }', ['spread: const x = { ...{}, b }']],
    ['const x = [...a]', ['spread: const x = [...[]]']],
    ['const x = a?.b', ['optional: const x = a.b']],
    ['const x = a?.[b]?.(c)', ['optional: const x = a?.[b](c)', 'optional: const x = a[b]?.(c)']],
    ['const x = a.slice(b)', ['method: const x = a']],
    ['const x = a.some(f)', ['method: const x = a.every(f)']],
    ['const x = /^a$/u', ['pattern: const x = /a$/u', 'pattern: const x = /^a/u']],
    ['const f = () => a', ['early-return: const f = () => undefined']],
    [
      'const f = () => { a(); return b }',
      ['early-return: const f = () => {}', 'statement: const f = () => { ; return b }'],
    ],
  ])('in `%s`', (text, expected) => {
    expect([...faultsIn(text)].sort()).toEqual([...expected].sort())
  })

  test('make a condition hold always and never, and omit the code after `finally`', () => {
    expect(faultsIn('if (a) b()')).toEqual(
      expect.arrayContaining(['condition: if (true) b()', 'condition: if (false) b()']),
    )
    expect(faultsIn('try { a() } finally { b() }')).toContain('cleanup: try { a() } finally {}')
    expect(faultsIn('switch (a) { case 1: b() }')).toContain('condition: switch (a) { case Symbol(): b() }')
  })

  test('are not put into types, imports, comments or messages of errors', () => {
    expect(
      faultsIn(`import a from 'a' with { type: 'json' }
        // a === b
        interface A { readonly b: 5; c: Extract<true, boolean> }
        type B = A extends { b: infer C } ? C : 7
        const x = a as unknown as Array<4>
        export type { A } from './a.ts'
        const y = new GlassineError(a, { message: \`\${b ? 1 : 2} of \${c.length - 1}\` })`),
    ).toEqual([])
  })

  test('have positions in bytes', () => {
    expect(faultsIn("const ü = '€' /* é */; const x = a < 'ñ'")).toEqual([
      "comparison: const ü = '€' /* é */; const x = a <= 'ñ'",
    ])
  })
})

test('a seed gives the same sample again, even if files move, and another seed another', () => {
  const text = Array.from({ length: 30 }, (_, at) => `const x${at} = a < b${at}`).join('\n')
  const inFile = (file: string, seed: string) =>
    inSampleOrder(mutantsOf(sourceOf(text, file)), seed).map((mutant) => diff(mutant).after)
  expect(inFile('packages/a/src/a.ts', '1')).toEqual(inFile('packages/a/src/b/c.ts', '1'))
  expect(inFile('packages/a/src/a.ts', '1')).not.toEqual(inFile('packages/a/src/a.ts', '2'))
})

test('one in five mutants of a sample is from the catalogue', () => {
  const named = (at: number): Mutant => ({
    source: sourceOf(`${at}`),
    kind: 'catalogue',
    start: 0,
    end: 1,
    becomes: '',
  })
  const others = mutantsOf(sourceOf(Array.from({ length: 40 }, (_, at) => `const x${at} = a < b`).join('\n')))
  const order = inSampleOrder([...others, ...[1, 2, 3, 4].map(named)], '1')
  expect(order.slice(0, 20).filter(({ kind }) => kind === 'catalogue')).toHaveLength(4)
  expect(order).toHaveLength(44)
})

test('reach is recorded for each function', () => {
  const source = sourceOf(
    'const f = (a) => a < 1\nfunction g() { return h(() => 2 < 3) }\nf(0)\ng()\nfunction h() {}',
  )
  const reach = reachOf([source])
  const { code } = transformSync(reach.noting(source).toString(), { loader: 'ts' })
  const reached = new Uint8Array(reach.count)
  new Function('globalThis', code)({ __reached: () => reached })
  const [inF, inG, inArrow] = ['a < 1', 'return', '2 < 3'].map((text) => {
    const start = source.bytes.indexOf(text)
    return reach.pointOf({ source, kind: '', start, end: start + text.length, becomes: '' })
  })
  expect([inF, inG, inArrow].map((point) => reached[point!] === 1)).toEqual([true, true, false])
})

describe('npm run mutants', () => {
  const fixture = 'test/fixtures/mutants'
  const run = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [
        'tools/ts.mjs',
        'tools/mutants/main.ts',
        '--root',
        fixture,
        '--seed',
        '1',
        '--patience',
        '0.4',
        '--workers',
        '1',
        ...args,
      ],
      { cwd: root, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined } },
    )
    return { status, stdout, stderr, last: stdout.trimEnd().split('\n').at(-1) }
  }

  test('exits 1 below the bar, and shows unnoticed faults', () => {
    const file = path.join(tmpdir(), `mutants-${process.pid}.json`)
    const before = repositoryAt(path.join(root, fixture)).suites
    try {
      const { status, stdout, last } = run('--only', 'missed.ts', '--json', file)
      expect(last).toBe('2 killed of 8 (25.0 %)')
      expect(status).toBe(1)
      expect(stdout).toContain('seed 1')
      expect(stdout).toMatch(/^packages\/small\/src\/missed\.ts:2 {2}comparison$/m)
      expect(stdout).toMatch(/^ {2}\+ .*text\.length >= 10/m)
      expect(stdout).toMatch(/^ {2}not noticed by packages\/small\/test\/small\.test\.ts$/m)
      expect(stdout).toMatch(/^small +2 +8 +25\.0 %$/m)
      const results: any[] = JSON.parse(readFileSync(file, 'utf8'))
      expect(results.filter(({ fate }) => fate === 'killed')).toHaveLength(2)
      expect(results.find(({ kind }) => kind === 'early-return')).toMatchObject({
        file: 'packages/small/src/missed.ts',
        line: 2,
        fate: 'killed',
        by: { suite: 'packages/small/test/small.test.ts', failure: 'a short text stays as it is' },
      })
      expect(repositoryAt(path.join(root, fixture)).suites).toEqual(before)
    } finally {
      rmSync(file, { force: true })
    }
  }, 300_000)

  test('exits 0 if all faults are noticed, by a test that fails or never ends', () => {
    const { status, last } = run('--only', 'noticed.ts')
    expect(last).toBe('12 killed of 12 (100.0 %)')
    expect(status).toBe(0)
  }, 300_000)

  test('exits 2 without trying anything if a suite fails without any fault', () => {
    const { status, stderr } = run('--package', 'broken')
    expect(status).toBe(2)
    expect(stderr).toContain(
      'packages/broken/test/broken.test.ts fails without any mutant: it is never right',
    )
  }, 300_000)
})
