// A process that stays, and runs one suite after another in its copy of the repository: starting Jest costs more than
// most suites do. `{ suite, reach }` comes in, `{ passed, ms, failure, reached }` goes out.
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

process.on('message', async ({ suite, reach }) => {
  globalThis[seen] = undefined
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
    reached: reach ? [...(globalThis[seen]?.reached ?? [])] : [],
  })
})
// Mutants may leave promises behind that nobody waits for; what they do to tests is all that counts.
process.on('unhandledRejection', () => {})
// The tool was killed: its workers, and what they started, end with it.
process.on('disconnect', () => process.kill(-process.pid, 'SIGKILL'))
process.send('ready')
