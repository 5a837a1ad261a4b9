// The other end of `worker.mjs`: a process per copy, which is killed when a suite takes too long, and replaced.
import { type ChildProcess, fork } from 'node:child_process'
import path from 'node:path'

export interface Outcome {
  readonly passed: boolean
  readonly ms: number
  /** The first test that failed, or what else went wrong. */
  readonly failure?: string
  /** What of the sources was reached, where it was asked for. */
  readonly reached: readonly number[]
}

export interface Run {
  readonly suite: string
  /** In ms. */
  readonly limit: number
  readonly reach?: boolean
}

/** After so many suites a process is replaced: modules that Jest loaded are never all let go. */
const maxRuns = 60

const here = path.resolve('tools/mutants')

export class Worker {
  #child: ChildProcess | undefined
  #runs = 0
  #ended = false

  constructor(readonly copy: string) {}

  /** Runs one suite. A suite that hangs has failed; a process that died gets a second try. */
  async run(run: Run): Promise<Outcome> {
    const outcome = await this.#once(run)
    return (
      outcome ?? (await this.#once(run)) ?? { passed: false, ms: 0, failure: 'the process died', reached: [] }
    )
  }

  async #once({ suite, limit, reach = false }: Run): Promise<Outcome | undefined> {
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
          passed: false,
          ms: performance.now() - from,
          failure: `no end after ${Math.round(limit / 1000)} s`,
          reached: [],
        })
      }, limit)
      child.once('message', (outcome) => done(outcome as Outcome))
      child.once('exit', () => {
        this.#child = undefined
        done(undefined)
      })
      child.send({ suite, reach })
    })
  }

  async #started(): Promise<ChildProcess> {
    if (this.#ended) throw new Error('the worker has ended')
    if (this.#child) return this.#child
    this.#runs = 0
    const child = fork(path.join(here, 'worker.mjs'), [path.join(here, 'environment.mjs')], {
      cwd: this.copy,
      // A group of its own: servers that a suite started end with it.
      detached: true,
      execArgv: ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      env: {
        ...process.env,
        // What a machine lacks is skipped here, in CI too.
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
