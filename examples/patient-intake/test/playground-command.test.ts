// `npm run demo -- --web` as it is typed, against the built packages.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { get } from 'node:https'
import { expect, test } from '@jest/globals'

const built = existsSync('packages/client/dist/index.js')
const whenBuilt = built ? test : test.skip
const name = 'starts, is trusted by those who trust its authority, and stops on Ctrl-C'

whenBuilt(built ? name : `${name} (skipped: run \`npm run build\` first)`, async () => {
  const command = [
    'tools/ts.mjs',
    'examples/patient-intake/demo/main.ts',
    '--web',
    '--no-open',
    '--port',
    '0',
  ]
  const child = spawn(process.execPath, command)
  const ended = once(child, 'exit')
  try {
    let said = ''
    for await (const chunk of child.stdout) {
      said += chunk
      if (said.includes('Ctrl-C')) break
    }
    const [origin] = /https:\/\/localhost:\d+/.exec(said) ?? []
    const [authority] = /\S+\.pem/.exec(said) ?? []
    const request = get(origin!, { ca: readFileSync(authority!) })
    const [response] = await once(request, 'response')
    response.resume()
    expect(response.statusCode).toBe(200)
    expect(response.headers['content-security-policy']).toContain("default-src 'none'")
  } finally {
    child.kill('SIGINT')
  }
  expect(await ended).toEqual([0, null])
})
