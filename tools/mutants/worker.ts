// The other end of `worker.mjs`: one process per copy, which is killed if a suite takes too long, and replaced.
import { type ChildProcess, fork } from 'node:child_process'
import { availableParallelism, loadavg } from 'node:os'
import path from 'node:path'

export interface Outcome {
  readonly passed: boolean
  /** It did not end within the limit. */
  readonly isLate?: boolean
  readonly ms: number
  /** The first failing test, or another failure. */
  readonly failure?: string
  /** The points reached outside tests, if requested. */
  readonly common: readonly number[]
  /** The tests, and what each reached. */
  readonly tests: readonly Test[]
}

export interface Test {
  /** With the names of the blocks around it. */
  readonly name: string
  readonly ms: number
  readonly reached: readonly number[]
}

export interface Run {
  readonly suite: string
  /** In ms, on an idle machine. */
  readonly limit: number
  /** The number of points, if the request is for what is reached. */
  readonly points?: number
  /** Tests that are not run. */
  readonly skipped?: readonly string[]
}

/** A process is replaced after this many suites: modules that Jest loaded are never all released. */
const maxRuns = 60

/** How much longer everything takes than on an idle machine. */
export const busy = (): number => Math.max(1, loadavg()[0]! / availableParallelism())

const failed = (ms: number, failure: string): Outcome => ({
  passed: false,
  ms,
  failure,
  common: [],
  tests: [],
})

const here = path.resolve('tools/mutants')

export class Worker {
  #child: ChildProcess | undefined
  #runs = 0
  #ended = false

  constructor(readonly copy: string) {}

  /** Runs one suite. A suite that hangs has failed; a process that died gets a second try. */
  async run(run: Run): Promise<Outcome> {
    return (await this.#once(run)) ?? (await this.#once(run)) ?? failed(0, 'the process died')
  }

  async #once({ limit, ...run }: Run): Promise<Outcome | undefined> {
    if (this.#runs++ >= maxRuns) this.close()
    const child = await this.#started()
    const from = performance.now()
    return new Promise((resolve) => {
      const done = (outcome: Outcome | undefined): void => {
        clearTimeout(timer)
        child.removeAllListeners('message').removeAllListeners('exit')
        resolve(outcome)
      }
      const timer = setTimeout(() => {
        this.close()
        done({
          ...failed(performance.now() - from, `no end after ${Math.round(limit / 1000)} s`),
          isLate: true,
        })
      }, limit * busy())
      child.once('message', (outcome) => done(outcome as Outcome))
      child.once('exit', () => {
        this.#child = undefined
        done(undefined)
      })
      child.send(run)
    })
  }

  async #started(): Promise<ChildProcess> {
    if (this.#ended) throw new Error('the worker has ended')
    if (this.#child) return this.#child
    this.#runs = 0
    const child = fork(path.join(here, 'worker.mjs'), [path.join(here, 'environment.mjs')], {
      cwd: this.copy,
      // A separate process group: servers that a suite started end with it.
      detached: true,
      execArgv: ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      env: {
        ...process.env,
        // Tests for things that a machine lacks are skipped here, in CI too.
        GLASSINE_REQUIRE: '',
        AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
        FORCE_COLOR: '0',
      },
    })
    this.#child = child
    await new Promise<void>((resolve, reject) => {
      child.once('message', () => resolve())
      child.once('exit', (code) => reject(new Error(`a worker ended with ${code} before it began`)))
    })
    child.removeAllListeners('exit')
    return child
  }

  /** Ends for good. */
  end(): void {
    this.#ended = true
    this.close()
  }

  /** Ends the process, and what it started. */
  close(): void {
    const pid = this.#child?.pid
    this.#child = undefined
    if (pid === undefined) return
    try {
      process.kill(-pid, 'SIGKILL')
    } catch {
      // It has ended already.
    }
  }
}
