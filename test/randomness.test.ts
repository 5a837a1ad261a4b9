// A constant key or IV breaks the encryption, and no round trip shows it. So every place that draws randomness is in a
// table with the test that notices; a new place outside the table fails here.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from '@jest/globals'
import { type Draw, draws } from './randomness.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

/** A line that draws randomness, makes an IV or encrypts under one, in a declaration of a package. */
interface Hit {
  readonly at: string
  readonly line: string
}

const random =
  /\b(?:randomBytes|randomFill(?:Sync)?|randomUUID|randomInt|getRandomValues|generateKey(?:Pair)?(?:Sync)?|(?:newSigningKey|freshBytes)(?=\()|generatePrime(?:Sync)?|create(?:ECDH|DiffieHellman)|Math\.random|webcrypto)\b/
const iv =
  /\b(?:createCipheriv|gcm(?:Seal(?:Into)?|Tag)\()|\bsubtle\s*\.encrypt\b|\b(?:const|let)\s+(?:\w*(?:Iv|Nonce|Salt)|iv|nonce|salt)s?\b[^=\n]*=(?!\s*\([^)]*: )/i
/** `id ${++made}`: names that are unique in a process must not repeat either. */
const numbered = /\$\{\+\+/
const written = /\.writeU?Int\w*\(|\.fill\(/

const withoutComments = (source: string): string =>
  source
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ''))
    .replace(/(^|\s)\/\/.*$/gm, '$1')

/** What a source draws. The outermost declaration identifies the place, so the file may move. */
const hitsOf = (owner: string, source: string): Hit[] => {
  let within = ''
  const hits: Hit[] = []
  const statements = withoutComments(source).replace(/^(?:import|export)\b[^;]*?\bfrom '.*'$/gm, '')
  for (const line of statements.split('\n')) {
    within =
      /^(?:export )?(?:default )?(?:async )?(?:const|let|function\*?|class) (\w+)/.exec(line)?.[1] ?? within
    const isIv = /iv$|nonce$/i.test(within) && written.test(line)
    if (random.test(line) || iv.test(line) || numbered.test(line) || isIv)
      hits.push({ at: `${owner}/${within}`, line: line.trim() })
  }
  return hits
}

const packages = readdirSync(path.join(root, 'packages'))

const hits = packages.flatMap((name) =>
  readdirSync(path.join(root, 'packages', name, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => hitsOf(name, readFileSync(path.join(root, 'packages', name, 'src', file), 'utf8'))),
)

const covers = (row: Draw, hit: Hit) => row.at === hit.at && hit.line.includes(row.line)

/** Lines without a row, rows without a line, and lines with two rows. */
const faultsOf = (rows: readonly Draw[], found: readonly Hit[]): string[] => [
  ...found
    .filter((hit) => !rows.some((row) => covers(row, hit)))
    .map(({ at, line }) => `no row is about ${at}: ${line}`),
  ...rows
    .filter((row) => !found.some((hit) => covers(row, hit)))
    .map(({ at, line }) => `nothing draws ${at}: ${line}`),
  ...found
    .filter((hit) => rows.filter((row) => covers(row, hit)).length > 1)
    .map(({ at, line }) => `two rows are about ${at}: ${line}`),
]

test('every place that draws randomness or makes an IV is in the table, and the table has no others', () => {
  expect(hits.length).toBeGreaterThan(50)
  expect(faultsOf(draws, hits)).toEqual([])
})

const hasTest = (file: string, name: string): boolean => {
  const literal = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const source = readFileSync(path.join(root, file), 'utf8')
  return new RegExp(`(?:\\btest|\\)|\`|\\])\\(\\s*(['"\`])${literal}\\1`).test(source)
}

const tested = draws.flatMap((row) => ('test' in row ? [[row.at, row.line, ...row.test] as const] : []))

test.each(tested)('%s, %s: the test that notices exists', (_at, _line, file, name) => {
  expect(hasTest(file, name)).toBe(true)
})

describe('the search itself', () => {
  const unlisted = (source: string) => faultsOf(draws, [...hits, ...hitsOf('keys', source)])

  test.each([
    'const made = () => randomBytes(32)',
    'const made = () => freshBytes(32)',
    'export const made = () => {\n  const key = crypto.getRandomValues(new Uint8Array(32))\n}',
    'export function made() {\n  return createCipheriv(cipher, key, zero)\n}',
    'const made = () => gcmSeal(key, zero, aad, plaintext)',
    'class Maker {\n  id = randomUUID()\n}',
    'const made = async () => subtle.encrypt({ name }, key, plaintext)',
    'const made = () => {\n  const wrapIv = Buffer.alloc(12)\n}',
    'const zeroIv = Buffer.alloc(12)',
    'const writeIv = (out: Buffer, sequence: number) => {\n  out.writeUInt32BE(sequence, 8)\n}',
    'const made = () => Math.random() * 5',
    'const { privateKey } = generateKeyPairSync("ec", options)',
    ['const made = () => ({ id: `keyring $', '{++count}` })'].join(''),
  ])('notices %j', (source) => {
    expect(unlisted(source)).toEqual([expect.stringMatching(/^no row is about keys\//)])
  })

  test.each([
    '/** Such as `randomBytes(32)`. */',
    '// const iv = randomBytes(12)',
    "import { randomBytes } from 'node:crypto'",
    "import {\n  createCipheriv,\n  randomBytes,\n} from 'node:crypto'",
    'const private = parts.subarray(12)',
  ])('passes over %j', (source) => {
    expect(unlisted(source)).toEqual([])
  })

  test('notices a row without a line, and a line with two rows', () => {
    expect(faultsOf([...draws, { at: 'keys/gone', line: 'randomBytes', reason: 'moved' }], hits)).toEqual([
      'nothing draws keys/gone: randomBytes',
    ])
    expect(faultsOf([...draws, draws[0]!], hits)).toEqual([expect.stringMatching(/^two rows are about /)])
  })

  test('notices a missing test', () => {
    const [, , file, name] = tested[0]!
    expect(hasTest(file, name)).toBe(true)
    expect(hasTest(file, `${name} `)).toBe(false)
    expect(hasTest(file, name.slice(1))).toBe(false)
  })
})
