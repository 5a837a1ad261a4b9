// Adds up what the Jest runs counted, and prints the closing line of .ci/run.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

const folder = process.argv[2]
const total = { passed: 0, failed: 0, skipped: 0 }
const runs = readdirSync(folder).filter((name) => name.endsWith('.json'))
for (const name of runs) {
  const run = JSON.parse(readFileSync(path.join(folder, name), 'utf8'))
  total.passed += run.numPassedTests
  // A suite that could not be loaded has no failed test of its own.
  total.failed += run.numFailedTests + run.numRuntimeErrorTestSuites
  total.skipped += run.numPendingTests
}
// A run that died before it wrote its results is a failure, not a silence.
if (runs.length < 4) total.failed += 4 - runs.length
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1)
