// The README's first file and its test are those of examples/quick-start, and they work as the README says.
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { describe, expect, test } from '@jest/globals'

const folder = 'examples/quick-start'
const readme = readFileSync('README.md', 'utf8')
const files = readdirSync(folder).filter((name) => name.endsWith('.ts'))

describe('the quick start', () => {
  test('has a handler and its test', () => {
    expect(files.sort()).toEqual(['handler.test.ts', 'handler.ts'])
  })

  test.each(files)('%s is in the README as it is here', (name) => {
    const [, block] = readme.split(`\`\`\`ts\n// ${name}\n`)
    expect(block?.split('```')[0]).toBe(readFileSync(`${folder}/${name}`, 'utf8'))
  })

  const built = existsSync('packages/testing/dist/index.js')
  const whenBuilt = built ? test : test.skip
  const name = 'passes its test against the built packages'
  whenBuilt(
    built ? name : `${name} (skipped: run \`npm run build\` first)`,
    async () => {
      const { stdout } = await promisify(execFile)(process.execPath, [
        '--import',
        'tsx',
        '--test',
        // The default differs between versions of Node.
        '--test-reporter=tap',
        `${folder}/handler.test.ts`,
      ])
      expect(stdout).toMatch(/^# pass 2$/m)
      expect(stdout).toMatch(/^# fail 0$/m)
    },
    60_000,
  )
})
