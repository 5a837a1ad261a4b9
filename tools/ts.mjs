// Runs a TypeScript file of this repository against the built packages, like a user's bundle.
// node tools/ts.mjs FILE [arguments]
import { mkdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const file = path.resolve(process.argv[2])
// Beside the source, so that bare imports resolve as they would from there.
const folder = path.join(path.dirname(file), 'dist')
const outfile = path.join(folder, `${path.basename(file, '.ts')}-${process.pid}.mjs`)
mkdirSync(folder, { recursive: true })
await build({
  entryPoints: [file],
  outfile,
  bundle: true,
  packages: 'external',
  platform: 'node',
  target: 'node20',
  format: 'esm',
  sourcemap: 'inline',
  logLevel: 'warning',
})
process.on('exit', () => rmSync(outfile, { force: true }))
process.argv.splice(1, 2, file)
await import(pathToFileURL(outfile).href)
