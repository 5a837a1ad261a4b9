// A long-lived process that runs one suite after another in its copy of the repository: starting Jest costs more than
// most suites do. `{ suite, points, skipped }` comes in, `{ passed, ms, failure, common, tests }` goes out.
import { createRequire } from 'node:module'
import path from 'node:path'

const root = process.cwd()
const { runCLI } = createRequire(path.join(root, 'package.json'))('jest')
const environment = process.argv[2]
const seen = Symbol.for('glassine.mutants')

const failureOf = (results) => {
  const [suite] = results.testResults
  const failed = suite?.testResults.find(({ status }) => status === 'failed')
  return failed?.fullName ?? suite?.failureMessage?.slice(0, 2000) ?? 'no test was found'
}

process.on('message', async ({ suite, points = 0, skipped = [] }) => {
  const run = { points, skipped: new Set(skipped), common: new Set(), tests: [] }
  globalThis[seen] = run
  const from = performance.now()
  const argv = {
    _: [path.join(root, suite)],
    $0: '',
    runTestsByPath: true,
    runInBand: true,
    silent: true,
    reporters: [],
    watchman: false,
    testEnvironment: environment,
  }
  const { results } = await runCLI(argv, [root])
  const passed = results.success && results.numTotalTests > 0
  process.send({
    passed,
    ms: performance.now() - from,
    failure: passed ? undefined : failureOf(results),
    common: points > 0 ? [...run.common] : [],
    tests: points > 0 ? run.tests : [],
  })
})
// Mutants may leave unhandled promises; only their effect on tests counts.
process.on('unhandledRejection', () => {})
// The tool was killed: its workers, and what they started, end with it.
process.on('disconnect', () => process.kill(-process.pid, 'SIGKILL'))
process.send('ready')
