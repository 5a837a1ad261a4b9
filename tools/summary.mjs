// Adds up the counts of the Jest runs, and prints the closing line of .ci/run.
// node tools/summary.mjs FOLDER RUN... : the runs that must have left their results, each as RUN.json, beside others.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

const [folder, ...expected] = process.argv.slice(2)
const total = { passed: 0, failed: 0, skipped: 0 }
const runs = readdirSync(folder).filter((file) => file.endsWith('.json'))
for (const file of runs) {
  const run = JSON.parse(readFileSync(path.join(folder, file), 'utf8'))
  total.passed += run.numPassedTests
  // A suite that could not be loaded has no failed test itself.
  total.failed += run.numFailedTests + run.numRuntimeErrorTestSuites
  total.skipped += run.numPendingTests
}
// A run that ended before it wrote its results is a failure.
for (const name of expected)
  if (!runs.includes(`${name}.json`)) {
    console.error(`no results of ${name}`)
    total.failed++
  }
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1)
