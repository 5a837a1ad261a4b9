// The scripts of package.json: standard output has the result of a task, and nothing else.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'

test('what a step prints that others need goes to standard error', () => {
  const script = `
    import { prepare, run } from './tools/spawn.mjs'
    await prepare('one', process.execPath, ['-e', 'console.log("progress")'])
    await run('two', process.execPath, ['-e', 'console.log("result")'])
  `
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  })
  expect(stdout).toBe('result\n')
  expect(stderr).toContain('progress\n')
})

test.each([
  ['tools/setup.mjs', 'install'],
  ['tools/run.mjs', 'build'],
])('%s prepares by the step `%s`', (file, step) => {
  expect(readFileSync(file, 'utf8')).toMatch(new RegExp(`\\bprepare\\(\\s*'${step}'`))
})
