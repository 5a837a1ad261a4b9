// npm run demo -- [--json]
import { parseArgs } from 'node:util'
import { print } from './print.ts'
import { runMainJob, shortcomings } from './report.ts'
import { startSandbox } from './sandbox.ts'

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } })

const sandbox = await startSandbox()
try {
  const report = await runMainJob(sandbox)
  const faults = shortcomings(report)
  console.log(values.json ? JSON.stringify({ ...report, faults }, null, 2) : print(report, faults))
  process.exitCode = faults.length === 0 ? 0 : 1
} finally {
  await sandbox.close()
}
