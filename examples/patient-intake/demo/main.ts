// npm run demo -- [--json], npm run demo -- --web [--port N] [--no-open]
import { parseArgs } from 'node:util'
import { runPlayground } from '../web/main.ts'
import { bundleHandler, loadHandlers } from './bundle.ts'
import { print } from './print.ts'
import { runMainJob, shortcomings } from './report.ts'
import { startSandbox } from './sandbox.ts'
import { terminal } from './terminal.ts'

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    web: { type: 'boolean', default: false },
    port: { type: 'string', default: '8443' },
    'no-open': { type: 'boolean', default: false },
  },
})

const runOnce = async (): Promise<void> => {
  const { file, bytes } = await bundleHandler()
  const sandbox = await startSandbox(() => loadHandlers(file))
  try {
    const report = await runMainJob(sandbox, bytes)
    const faults = shortcomings(report)
    console.log(
      values.json ? JSON.stringify({ ...report, faults }, null, 2) : print(report, faults, terminal()),
    )
    process.exitCode = faults.length === 0 ? 0 : 1
  } finally {
    await sandbox.close()
  }
}

await (values.web ? runPlayground({ port: Number(values.port), open: !values['no-open'] }) : runOnce())
