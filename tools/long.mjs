// npm run long -- [--sample] [--seed N] [--results FOLDER]
// Everything that takes more than two minutes and is not part of `npm test`. A full run writes its result to
// docs/long.md; `--sample` runs a part, chosen by the seed, and writes nothing.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { runLimited } from './limited.mjs'

const { values } = parseArgs({
  options: {
    sample: { type: 'boolean', default: false },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e6)) },
    results: { type: 'string' },
  },
})

/** Suites whose counts grow with `GLASSINE_LONG`: what each tries, and the pattern of its files. */
const suites = [
  ['items with one bit changed', 'packages/dynamodb/test/bit-flips'],
  ['interleaved invocations of two tenants', 'packages/middy/test/isolation'],
  ['interleaved writes and reads of two tenants', 'packages/middy/test/encrypted-tables.isolation'],
  ['compositions of the stack with marked values', 'packages/middy/test/compositions'],
  ['requests of 5 MB with forged headers', 'test/flood'],
]

const folder = values.results ?? mkdtempSync(path.join(tmpdir(), 'glassine-long-'))
if (!values.results) process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

const env = {
  ...process.env,
  // The part of each suite's full count that is tried.
  GLASSINE_LONG: values.sample ? '0.05' : '1',
  GLASSINE_SEED: values.seed,
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
}
console.log(`seed ${values.seed}`)
/** What one suite may take, in ms: many times what it does take. */
const limit = values.sample ? 10 * 60_000 : 4 * 3_600_000
let failed = 0
const rows = []
for (const [at, [what, pattern]] of suites.entries()) {
  const output = path.join(folder, `long-${at}.json`)
  const from = Date.now()
  const status = await runLimited(
    [
      ...[
        '--experimental-vm-modules',
        '--disable-warning=ExperimentalWarning',
        'node_modules/jest/bin/jest.js',
      ],
      ...['--ci', '--silent', `--testTimeout=${limit}`, '--json', `--outputFile=${output}`, pattern],
    ],
    { limit, env },
  )
  const minutes = (Date.now() - from) / 60_000
  // A run that was stopped has no results.
  const { numPassedTests } = existsSync(output)
    ? JSON.parse(readFileSync(output, 'utf8'))
    : { numPassedTests: 0 }
  // 124 only if nothing else has failed: what hung may be run again, and a failure must not be lost by that.
  if (status !== 0 && failed !== 1) failed = status === 124 ? 124 : 1
  console.log(`${minutes.toFixed(1).padStart(6)} min  ${status === 0 ? 'passed' : 'FAILED'}  ${what}`)
  rows.push({ what, pattern, minutes, numPassedTests, status })
}

if (!values.sample) {
  const [date] = new Date().toISOString().split('T')
  const table = rows.map(
    ({ what, numPassedTests, minutes, status }) =>
      `| ${what} | ${numPassedTests} | ${minutes.toFixed(1)} | ${status === 0 ? 'passed' : 'failed'} |`,
  )
  writeFileSync(
    'docs/long.md',
    [
      '# The last run of `npm run long`',
      '',
      'It tries what `npm test` tries too, but far more often. `.ci/run` runs a sample of it, with a seed of its own for each state of the files.',
      '',
      `${date}, Node ${process.version}, ${cpus().length} cores, seed ${values.seed}.`,
      '',
      '| what is tried | tests | minutes | result |',
      '|---|---|---|---|',
      ...table,
      '',
    ].join('\n'),
  )
}
// 124 says that a suite did not end, and that no other failed.
process.exit(failed)
