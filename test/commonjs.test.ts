/*
 * CommonJS, as docs/runners-and-bundlers.md says: `require()` where Node allows it, and without it, as Lambda starts
 * Node 20 and 22, a clear error and a way around. On the built packages, since sources are TypeScript.
 */
import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { expect, test } from '@jest/globals'

const run = promisify(execFile)
const built = existsSync('packages/testing/dist/index.js')
const whenBuilt = (name: string, body: () => Promise<void>): void =>
  (built ? test : test.skip)(built ? name : `${name} (skipped: run \`npm run build\` first)`, body, 60_000)

const withoutRequire = '--no-experimental-require-module'
const evaluate = (flags: readonly string[], code: string) =>
  run(process.execPath, [...flags, '--input-type=commonjs', '-e', code])

whenBuilt('the CommonJS quick start passes its test, for HTTP and REST APIs', async () => {
  const { stdout } = await run(process.execPath, [
    '--test',
    '--test-reporter=tap',
    'examples/quick-start/handler.test.cjs',
  ])
  expect(stdout).toMatch(/^# pass 2$/m)
  expect(stdout).toMatch(/^# fail 0$/m)
})

whenBuilt('under the flag of Lambda, `require()` fails with a code and the name of the module', async () => {
  const failure = (await evaluate([withoutRequire], "require('@glassine/core')").catch((error) => error)) as {
    stderr: string
  }
  expect(failure.stderr).toContain('ERR_REQUIRE_ESM')
  expect(failure.stderr).toMatch(/require\(\) of ES Module .*core\/dist\/index\.js/)
})

whenBuilt('under the flag of Lambda, `import()` from CommonJS works', async () => {
  const code = "import('@glassine/core').then(({ defineFields }) => console.log(typeof defineFields))"
  expect((await evaluate([withoutRequire], code)).stdout.trim()).toBe('function')
})

test('the page shows the quick start as it is', () => {
  const page = readFileSync('docs/runners-and-bundlers.md', 'utf8')
  const [, block] = page.split('```js\n// handler.cjs\n')
  expect(block?.split('```')[0]).toBe(readFileSync('examples/quick-start/handler.cjs', 'utf8'))
})
