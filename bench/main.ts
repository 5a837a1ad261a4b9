// npm run bench -- --help
import { bundleFigures } from './bundle.ts'
import { floor } from './floor.ts'
import { itemFigures } from './item.ts'
import { kmsCallFigures } from './kms-calls.ts'
import { loadFigures } from './load/index.ts'
import { messageFigures } from './message.ts'
import { bench } from './run.ts'
import { sessionFigures } from './session.ts'
import { sessionCostFigures } from './session-cost/index.ts'
import { tableFigures } from './tables.ts'

const note = `The floor is ${floor}.`

process.exitCode = await bench(process.argv.slice(2), {
  message: { measure: messageFigures, kinds: ['ratio', 'time'], note },
  item: { measure: itemFigures, kinds: ['ratio', 'time', 'size'], note },
  session: { measure: sessionFigures, kinds: ['ratio', 'time'] },
  tables: { measure: tableFigures, kinds: ['count', 'time'] },
  'session-cost': { measure: sessionCostFigures, kinds: ['count'] },
  bundle: { measure: bundleFigures, kinds: ['size', 'time'] },
  'kms-calls': { measure: kmsCallFigures, kinds: ['count'] },
  load: { measure: loadFigures, kinds: ['count', 'time'], optIn: true },
})
