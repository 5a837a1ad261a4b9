// What a reviewer would otherwise have to check by hand: directions of imports, dependencies, documents.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from '@jest/globals'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (...parts: string[]) => readFileSync(path.join(root, ...parts), 'utf8')

/** Which packages each may import; importing any other is the wrong direction. */
const knows: Readonly<Record<string, readonly string[]>> = {
  core: [],
  keys: ['core'],
  message: ['core', 'keys'],
  session: ['core', 'keys'],
  dynamodb: ['core', 'keys'],
  middy: ['core', 'keys', 'message', 'dynamodb'],
  client: ['core'],
  logger: ['core'],
  'local-kms': [],
  testing: ['core', 'keys', 'message', 'session', 'dynamodb', 'middy', 'local-kms'],
}

const packages = readdirSync(path.join(root, 'packages'))

const sources = (folder: string): string[] =>
  readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => path.join(folder, file))

// Statements only: an import in a comment's example begins with an asterisk, and must not count.
const statement =
  /^(?:import|export)\s+(?:type\s+)?(?:[\w$]+|\*(?:\s+as\s+[\w$]+)?|\{[^}]*\})(?:\s*,\s*\{[^}]*\})?\s+from\s+'([^']+)'|^import\s+'([^']+)'|^[^*/\n]*\bimport\('([^']+)'\)/gm

const importsOf = (file: string): string[] =>
  [...read(file).matchAll(statement)].map(([, from, bare, lazy]) => (from ?? bare ?? lazy)!)

test('every package is in the table of allowed imports', () => {
  expect(packages.toSorted()).toEqual(Object.keys(knows).toSorted())
})

describe.each(packages)('@glassine/%s', (name) => {
  const files = sources(`packages/${name}/src`)
  const manifest = JSON.parse(read('packages', name, 'package.json'))

  test('imports one way only', () => {
    const wrong = files.flatMap((file) =>
      importsOf(file)
        .filter((from) => from.startsWith('@glassine/'))
        .filter((from) => !knows[name]!.includes(from.split('/')[1]!))
        .map((from) => `${file} imports ${from}`),
    )
    expect(wrong).toEqual([])
  })

  test('has no runtime dependencies except other packages of Glassine, and declares those that it imports', () => {
    const dependencies = Object.keys(manifest.dependencies ?? {})
    expect(dependencies.filter((dependency) => !dependency.startsWith('@glassine/'))).toEqual([])
    const imported = new Set(
      files.flatMap(importsOf).flatMap((from) => /^@glassine\/[^/]+/.exec(from)?.[0] ?? []),
    )
    expect(dependencies.toSorted()).toEqual([...imported].toSorted())
  })

  test('imports from outside only Node and its declared peers', () => {
    const peers = Object.keys(manifest.peerDependencies ?? {})
    const foreign = files.flatMap((file) =>
      importsOf(file)
        .filter(
          (from) => !from.startsWith('.') && !from.startsWith('node:') && !from.startsWith('@glassine/'),
        )
        .filter(
          (from) =>
            !peers.some((peer) => from === peer || from.startsWith(`${peer}/`) || `@types/${from}` === peer),
        )
        .map((from) => `${file} imports ${from}`),
    )
    expect(foreign).toEqual([])
  })

  test('has no circle of imports', () => {
    const graph = new Map(
      files.map((file) => [
        file,
        importsOf(file)
          .filter((from) => from.startsWith('.'))
          .map((from) => path.join(path.dirname(file), from)),
      ]),
    )
    const done = new Set<string>()
    const circle = (file: string, trail: readonly string[]): string[] | undefined => {
      if (trail.includes(file)) return [...trail.slice(trail.indexOf(file)), file]
      if (done.has(file)) return undefined
      for (const next of graph.get(file) ?? []) {
        const found = circle(next, [...trail, file])
        if (found) return found
      }
      done.add(file)
      return undefined
    }
    expect(files.flatMap((file) => circle(file, []) ?? [])).toEqual([])
  })

  test('keeps its files short', () => {
    const lines = files.map((file) => [read(file).split('\n').length, file] as const)
    expect(lines.filter(([count]) => count > 300)).toEqual([])
    const median = lines.map(([count]) => count).toSorted((a, b) => a - b)[lines.length >> 1]!
    expect(median).toBeLessThanOrEqual(120)
  })

  test('has a README of the common skeleton, a description and a licence', () => {
    const headings = [...read('packages', name, 'README.md').matchAll(/^## (.+)$/gm)].map(
      ([, heading]) => heading!,
    )
    const skeleton = ['Install', 'Example', 'Options', 'Errors', 'Notes', 'Limits']
    expect(headings.filter((heading) => skeleton.includes(heading))).toEqual(skeleton)
    expect(manifest.description).not.toMatch(/TODO|^$/)
    expect(existsSync(path.join(root, 'packages', name, 'LICENSE'))).toBe(true)
  })

  test('tells npm its origin, its subject, and to publish with provenance', () => {
    const { repository, bugs, homepage, keywords, license, engines, files, publishConfig } = manifest
    expect(repository).toMatchObject({ type: 'git', directory: `packages/${name}` })
    expect(repository.url).toMatch(/^git\+https:.*\.git$/)
    expect(bugs).toMatch(/^https:.*\/issues$/)
    expect(homepage).toContain(`packages/${name}`)
    expect(keywords.length).toBeGreaterThanOrEqual(4)
    expect({ license, engines, files }).toMatchObject({ license: 'MIT', engines: { node: '>=20.19' } })
    expect(files).toEqual(expect.arrayContaining(['dist', 'README.md', 'LICENSE']))
    expect(publishConfig).toEqual({ access: 'public', provenance: true })
  })
})

test("middy's main entry does not import dynamodb: a handler without tables must not bundle it", () => {
  const seen = new Set<string>()
  const walk = (file: string): void => {
    if (seen.has(file)) return
    seen.add(file)
    for (const from of importsOf(file))
      if (from.startsWith('.')) walk(path.join(path.dirname(file), from))
      else expect(`${file} imports ${from}`).not.toMatch(/@glassine\/dynamodb|@aws-sdk/)
  }
  walk('packages/middy/src/index.ts')
  expect(seen.size).toBeGreaterThan(10)
  expect(importsOf('packages/middy/src/encrypted-tables.ts')).toContain('@glassine/dynamodb')
})

test("middy's handler of published keys does not import Middy, not even its types", () => {
  const seen = new Set<string>()
  const walk = (file: string): void => {
    if (seen.has(file)) return
    seen.add(file)
    for (const from of importsOf(file))
      if (from.startsWith('.')) walk(path.join(path.dirname(file), from))
      else expect(`${file} imports ${from}`).toMatch(/ imports (?:node:|@glassine\/core)/)
  }
  walk('packages/middy/src/jwks.ts')
  expect(seen.size).toBeGreaterThan(4)
})

test('only our own packages import internal paths: no example, document, README or comment does', () => {
  const under = (folder: string) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) =>
      path.join(folder, file),
    )
  const readmes = ['README.md', 'CHANGELOG.md', ...packages.map((name) => `packages/${name}/README.md`)]
  const users = [...under('examples'), ...under('docs'), ...readmes].filter(
    (file) => /\.(?:[cm]?[jt]sx?|md)$/.test(file) && !/node_modules|dist\//.test(file),
  )
  expect(users.length).toBeGreaterThan(20)
  expect(users.filter((file) => /@glassine\/[\w-]+\/internal/.test(read(file)))).toEqual([])
  // Comments' examples are meant to be copied.
  const shown = packages.flatMap((name) => sources(`packages/${name}/src`))
  expect(shown.filter((file) => /^ *\*.*@glassine\/[\w-]+\/internal/m.test(read(file)))).toEqual([])
})

test("Node's AES-GCM, HMAC and P-384 are used only in keys", () => {
  // `local-kms` has its own, because tests use it as the independent side.
  const files = packages
    .filter((name) => name !== 'local-kms')
    .flatMap((name) => sources(`packages/${name}/src`))
    .filter((file) => !file.startsWith('packages/keys/src/crypto/'))
  const uses = files.filter((file) =>
    /\bcreate(?:Cipheriv|Decipheriv|Hmac)\(|secp384r1|authTagLength/.test(read(file)),
  )
  // AES-CTR as a key derivation, and AES-KW of JWE.
  expect(uses.filter((file) => /-gcm\b|createHmac|secp384r1|authTagLength/.test(read(file)))).toEqual([])
  expect(uses).toHaveLength(2)
})

test.each(['core', 'client'])('%s runs in a browser: it imports nothing of Node', (name) => {
  expect(
    sources(`packages/${name}/src`)
      .flatMap(importsOf)
      .filter((from) => from.startsWith('node:')),
  ).toEqual([])
})

test('no test reads a file outside the repository, except by describeShared, which skips if it is absent', () => {
  const readers = ['test', ...packages.map((name) => `packages/${name}/test`), 'examples', 'bench', 'tools']
    .flatMap(sources)
    .filter((file) => !file.includes('node_modules') && !file.includes('dist/'))
    .filter((file) => /['"`/]shared\/(?:vectors|events|kms-recorded|findings)?/.test(read(file)))
  expect(readers).toEqual(['tools/test-support/shared.ts'])
})
