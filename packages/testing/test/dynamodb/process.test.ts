import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describeEachDynamoDB } from '@glassine/test-support'
import { expect, test } from '@jest/globals'

describeEachDynamoDB('the process of a local DynamoDB', (kind) => {
  const started = async (...args: string[]) => {
    const child = spawn(process.execPath, [
      'tools/ts.mjs',
      'packages/testing/test/dynamodb/process.ts',
      kind,
      ...args,
    ])
    const lines: string[] = []
    child.stdout.on('data', (chunk) => lines.push(...String(chunk).trim().split('\n')))
    await once(child.stdout, 'data')
    return { child, lines, endpoint: lines[0]! }
  }
  const ends = async (endpoint: string) => {
    for (let attempt = 0; attempt < 100; attempt++) {
      const isUp = await fetch(endpoint).then(
        () => true,
        () => false,
      )
      if (!isUp) return true
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    return false
  }

  test('keeps its parent running no longer, and ends with it', async () => {
    const { child, endpoint } = await started()
    expect(await once(child, 'exit')).toEqual([0, null])
    expect(await ends(endpoint)).toBe(true)
  })

  test('keeps its parent running until it is closed, where that is awaited', async () => {
    const { child, lines } = await started('--close')
    expect(await once(child, 'close')).toEqual([0, null])
    expect(lines).toEqual([expect.stringMatching(/^http:/), 'closed'])
  })

  test('ends when its parent is killed', async () => {
    const { child, endpoint } = await started('--stay')
    expect((await fetch(endpoint).catch(() => undefined))?.status).toBeDefined()
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(await ends(endpoint)).toBe(true)
  })
})
