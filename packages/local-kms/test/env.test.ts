import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, test } from '@jest/globals'
import { startLocalKms } from '../src/index.ts'

const run = promisify(execFile)

describe('the environment of a local KMS', () => {
  test('leads the SDK to it, whatever profile, token or switch was set; an open server keeps no process running', async () => {
    const { stdout } = await run(
      process.execPath,
      ['tools/ts.mjs', 'packages/local-kms/test/support/without-close.ts'],
      {
        env: {
          PATH: process.env.PATH,
          AWS_PROFILE: 'production',
          AWS_SESSION_TOKEN: 'of another account',
          AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true',
        },
        timeout: 60_000,
      },
    )
    const { keyId, expected, calls } = JSON.parse(stdout)
    expect(keyId).toBe(expected)
    expect(keyId).toMatch(/^arn:aws:kms:eu-central-1:/)
    expect(calls).toBe(1)
  }, 60_000)

  test('names the endpoint for code that allows plain http, and nothing over https', async () => {
    await using plain = await startLocalKms()
    expect(plain.env.LOCAL_KMS_ENDPOINT).toBe(plain.endpoint)
    await using encrypted = await startLocalKms({ https: true })
    expect(encrypted.env).not.toHaveProperty('LOCAL_KMS_ENDPOINT')
    expect(encrypted.env.AWS_ENDPOINT_URL_KMS).toBe(encrypted.endpoint)
  })
})
