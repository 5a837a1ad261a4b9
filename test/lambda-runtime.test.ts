/* Functions under AWS Lambda's own runtime client: cold, warm, frozen, with a failing KMS, killed at the deadline. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import {
  type FunctionOptions,
  type LocalFunction,
  localFunction,
  missingLambdaRuntime,
} from '@glassine/lambda-runtime'
import { type LocalKms, startLocalKms } from '@glassine/local-kms'
import { describeWhere } from '@glassine/test-support'
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { build } from 'esbuild'

const event = {
  version: '2.0',
  routeKey: 'POST /patients',
  rawPath: '/patients',
  headers: { 'content-type': 'application/json' },
  requestContext: { http: { method: 'POST', path: '/patients' } },
}

/** Other versions of Node, as in `.ci/run`: `GLASSINE_NODES=/path/to/node22:/path/to/node24`. */
const nodes = [process.execPath, ...(process.env.GLASSINE_NODES?.split(':') ?? [])].filter((node) =>
  existsSync(node),
)

describeWhere('lambda', missingLambdaRuntime(), 'under the runtime client of Lambda', () => {
  let kms: LocalKms
  let folder: string
  const running: LocalFunction[] = []

  beforeAll(async () => {
    kms = await startLocalKms({ keys: ['alias/patients'] })
    folder = mkdtempSync(path.join(tmpdir(), 'glassine-lambda-'))
    await build({
      entryPoints: ['test/fixtures/lambda-function.ts'],
      outfile: path.join(folder, 'index.mjs'),
      bundle: true,
      platform: 'node',
      target: 'node20',
      format: 'esm',
      conditions: ['@glassine/source'],
      mainFields: ['module', 'main'],
      sourcemap: true,
      logLevel: 'error',
      banner: {
        js: "import { createRequire } from 'node:module'\nconst require = createRequire(import.meta.url)",
      },
    })
  }, 60_000)
  afterEach(async () => {
    kms.faults.clear()
    await Promise.all(running.splice(0).map((one) => one.close()))
  })
  afterAll(async () => {
    await kms?.close()
    if (folder) rmSync(folder, { recursive: true })
  })

  const start = async (
    env: Record<string, string | undefined> = {},
    options: Partial<FunctionOptions> = {},
  ) => {
    const { accessKeyId, secretAccessKey } = kms.credentials
    const made = await localFunction({
      folder,
      handler: 'index.write',
      timeout: 5_000,
      ...options,
      env: {
        AWS_REGION: 'eu-west-1',
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
        AWS_EC2_METADATA_DISABLED: 'true',
        AWS_ENDPOINT_URL_KMS: kms.endpoint,
        KMS_ORIGIN: kms.endpoint,
        KMS_KEY: kms.keys[0]!.arn,
        ...env,
      },
    })
    running.push(made)
    return made
  }
  const answerOf = ({ body }: { body?: string }) =>
    JSON.parse(body!) as { statusCode: number; headers: object; body: string }
  const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

  test.each(nodes.flatMap((node) => ['6', '7'].map((middy) => [node, middy])))(
    '%s, Middy %s: cold and warm, one KMS call in all',
    async (node, MIDDY) => {
      const run = await start({ MIDDY: MIDDY! }, { node: node!, timeout: 20_000 })
      kms.resetCalls()
      for (let n = 0; n < 3; n++) {
        const response = answerOf(await run.invoke(event))
        expect(response.statusCode).toBe(200)
        expect(response.body).not.toContain('078-05-1120')
      }
      expect(kms.callCount()).toBe(1)
      expect(run.log()).not.toContain('078-05-1120')
    },
    60_000,
  )

  test('frozen for longer than a key lives, it fetches another once thawed', async () => {
    const run = await start({ CACHE_EXPIRY: '500' }, { timeout: 20_000 })
    await run.invoke(event)
    kms.resetCalls()
    await sleep(1_000)
    expect(answerOf(await run.invoke(event)).statusCode).toBe(200)
    expect(kms.callCount()).toBe(1)
  }, 60_000)

  test('while KMS hangs, it serves during the grace after one short wait', async () => {
    const run = await start({ CACHE_EXPIRY: '300', STALE: '600000' }, { timeout: 20_000 })
    await run.invoke(event)
    await sleep(400)
    kms.faults.set('*', { kind: 'hang' })
    const outcomes = []
    for (let n = 0; n < 6; n++) outcomes.push(await run.invoke(event))
    expect(outcomes.map((one) => answerOf(one).statusCode)).toEqual(Array(6).fill(200))
    expect(outcomes[0]!.ms).toBeGreaterThan(300)
    const [middle] = outcomes
      .slice(1)
      .map(({ ms }) => ms)
      .sort((a, b) => a - b)
      .slice(2)
    expect(middle).toBeLessThan(250)
  }, 60_000)

  test.each([
    ['reset', 'KMS: ECONNRESET'],
    ['html', 'KMS: a response that is no JSON, with status 503'],
    ['throttle', 'KMS: ThrottlingException'],
    ['expired-token', 'KMS: ExpiredTokenException'],
    ['hang', 'TimeoutError|no response in time'],
  ] as const)(
    'KMS: %s is one text and Retry-After to callers, and a cause in the log',
    async (kind, reason) => {
      kms.faults.set('*', { kind })
      const run = await start()
      const outcome = await run.invoke(event)
      expect(outcome.killed).toBeUndefined()
      const response = answerOf(outcome)
      expect(response).toMatchObject({
        statusCode: 503,
        headers: { 'Retry-After': '1' },
        body: 'The encryption keys are not available at the moment',
      })
      expect(run.log()).toMatch(new RegExp(reason))
    },
    60_000,
  )

  test.each([
    ['an unknown host', { AWS_ENDPOINT_URL_KMS: 'https://kms.nowhere.invalid' }, 'ENOTFOUND|EAI_AGAIN'],
    ['a refused connection', { AWS_ENDPOINT_URL_KMS: 'https://127.0.0.1:9' }, 'ECONNREFUSED'],
    ['an absent Region', { AWS_REGION: undefined, KMS_KEY: 'alias/patients' }, 'Region is missing'],
  ])(
    '%s is a cause in the log, and nothing of it leaves',
    async (_what, env, reason) => {
      const run = await start(env)
      const response = answerOf(await run.invoke(event))
      expect(response.body).toBe('The encryption keys are not available at the moment')
      expect(run.log()).toMatch(new RegExp(reason))
    },
    60_000,
  )

  test('a missing permission is reported without Retry-After; the log names the key and the action', async () => {
    kms.faults.set('*', { kind: 'access-denied' })
    const run = await start()
    const response = answerOf(await run.invoke(event))
    expect(response.statusCode).toBe(503)
    expect(Object.keys(response.headers)).not.toContain('Retry-After')
    expect(response.body).not.toContain('arn:')
    expect(run.log()).toContain('AccessDeniedException: kms:GenerateDataKey')
    expect(run.log()).toContain(kms.keys[0]!.arn)
  }, 60_000)

  test('it answers before Lambda stops it, even with source maps', async () => {
    kms.faults.set('*', { kind: 'hang' })
    const run = await start({ RESERVED: '600' }, { nodeOptions: ['--enable-source-maps'], timeout: 3_000 })
    for (let n = 0; n < 3; n++) {
      const outcome = await run.invoke(event)
      expect(outcome.killed).toBeUndefined()
      expect(answerOf(outcome).statusCode).toBe(503)
    }
  }, 60_000)

  test('a stream that would leave in the clear is refused before its first byte', async () => {
    const run = await start({}, { handler: 'index.stream', timeout: 20_000 })
    const { body, error } = await run.invoke(event)
    expect(body).not.toContain('078-05-1120')
    expect(error?.errorType).toBe('GlassineError')
  }, 60_000)

  test('several concurrent environments share nothing', async () => {
    const runs = await Promise.all([start({ MIDDY: '6' }), start({ MIDDY: '7' })])
    const bodies = await Promise.all(runs.map(async (run) => answerOf(await run.invoke(event)).body))
    expect(new Set(bodies).size).toBe(2)
  }, 60_000)
})
