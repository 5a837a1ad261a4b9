// Handlers under AWS Lambda's own runtime client (`aws-lambda-ric`, native part included): users see what it makes of
// errors, logs, streams and deadlines, so none of that is imitated here. Only the Runtime API in front of it is ours.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { type Outcome, startRuntimeApi } from './runtime-api.ts'

export type { Outcome } from './runtime-api.ts'

/** The folder in which `build.mjs` has installed the client. */
const folder = process.env.GLASSINE_LAMBDA_RUNTIME
const client = path.join(folder ?? '', 'node_modules/aws-lambda-ric/index.mjs')

/** Why handlers cannot run here, for the name of a skipped test; `undefined` if they can. */
export const missingLambdaRuntime = (): string | undefined =>
  folder !== undefined && existsSync(path.join(path.dirname(client), 'rapid-client.node'))
    ? undefined
    : 'GLASSINE_LAMBDA_RUNTIME names no folder made by `node tools/lambda-runtime/build.mjs FOLDER`'

/** How a function is set up. */
export interface FunctionOptions {
  /** The folder of the bundle. */
  readonly folder: string
  /** File and export: `handler.handler` for `handler` of `handler.mjs`. */
  readonly handler: string
  /** `undefined` for variables that Lambda sets and this function must lack. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Default 3,000 ms. */
  readonly timeout?: number
  /** Default 256 MB, of which the heap gets nine tenths, as in Lambda. */
  readonly memory?: number
  /** The binary of Node. Default: the one that runs the tests. */
  readonly node?: string
  readonly nodeOptions?: readonly string[]
}

/** A function with one environment at a time, which Lambda freezes between invocations. */
export interface LocalFunction {
  invoke(event: unknown): Promise<Outcome>
  /** Everything that the environments have written. */
  log(): string
  close(): Promise<void>
}

/** Creates a function; its environment starts with the first invocation. The caller must close it. */
export const localFunction = async (options: FunctionOptions): Promise<LocalFunction> => {
  const { timeout = 3_000, memory = 256, node = process.execPath, nodeOptions = [], env } = options
  const api = await startRuntimeApi('arn:aws:lambda:eu-west-1:111122223333:function:glassine')
  let child: ChildProcess | undefined
  let written = ''

  const start = (): ChildProcess => {
    const heap = `--max-old-space-size=${Math.floor(memory * 0.9)}`
    const started = spawn(node, [heap, ...nodeOptions, client], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH,
        TZ: ':UTC',
        AWS_LAMBDA_RUNTIME_API: api.address,
        AWS_LAMBDA_FUNCTION_NAME: 'glassine',
        AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memory),
        AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/glassine',
        AWS_LAMBDA_LOG_STREAM_NAME: 'local',
        AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
        LAMBDA_TASK_ROOT: options.folder,
        _HANDLER: options.handler,
        ...env,
      },
    })
    const hear = (chunk: Buffer) => {
      written += chunk.toString('utf8')
    }
    started.stdout?.on('data', hear)
    started.stderr?.on('data', hear)
    started.once('exit', () => {
      if (child === started) child = undefined
      api.abandon({ killed: true })
    })
    return started
  }

  return {
    async invoke(event) {
      if (child === undefined) {
        child = start()
        await api.idle()
      }
      const environment = child
      environment.kill('SIGCONT')
      const { outcome } = api.invoke(event, timeout)
      const timer = setTimeout(() => environment.kill('SIGKILL'), timeout)
      const result = await outcome
      clearTimeout(timer)
      if (result.killed) return result
      await api.idle()
      environment.kill('SIGSTOP')
      return result
    },
    log: () => written,
    async close() {
      const ended = child && new Promise((resolve) => child!.once('exit', resolve))
      child?.kill('SIGKILL')
      await ended
      await api.close()
    },
  }
}
