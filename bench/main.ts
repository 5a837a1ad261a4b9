// npm run bench -- --help
import { bindingFigures } from './binding.ts'
import { bundleFigures } from './bundle.ts'
import { floodFigures } from './flood.ts'
import { floor } from './floor.ts'
import { graceFigures } from './grace.ts'
import { itemFigures } from './item.ts'
import { kmsCallFigures } from './kms-calls.ts'
import { leaveCheckFigures } from './leave-check.ts'
import { loadFigures } from './load/index.ts'
import { messageFigures } from './message.ts'
import { bench } from './run.ts'
import { sessionFigures } from './session.ts'
import { sessionCostFigures } from './session-cost/index.ts'
import { tableFigures } from './tables.ts'
import { warmFileFigures } from './warm-files.ts'

const note = `The floor is ${floor}.`

process.exitCode = await bench(process.argv.slice(2), {
  message: { measure: messageFigures, kinds: ['ratio', 'time'], note },
  binding: { measure: bindingFigures, kinds: ['ratio'] },
  'leave-check': { measure: leaveCheckFigures, kinds: ['ratio', 'time'] },
  item: { measure: itemFigures, kinds: ['ratio', 'time', 'size'], note },
  session: { measure: sessionFigures, kinds: ['ratio', 'time'] },
  tables: { measure: tableFigures, kinds: ['count', 'time'] },
  'session-cost': { measure: sessionCostFigures, kinds: ['count'] },
  bundle: { measure: bundleFigures, kinds: ['size', 'time'] },
  'kms-calls': { measure: kmsCallFigures, kinds: ['count'] },
  'warm-files': { measure: warmFileFigures, kinds: ['count'] },
  flood: { measure: floodFigures, kinds: ['count', 'size', 'ratio', 'time'] },
  grace: { measure: graceFigures, kinds: ['ratio'] },
  load: { measure: loadFigures, kinds: ['count', 'time'], optIn: true },
})
