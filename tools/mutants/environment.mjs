// Jest's environment for mutants: tests that do not reach the fault are skipped, the first failing test ends its suite,
// and it reports what each test reached.
import { TestEnvironment } from 'jest-environment-node'

/** Where `worker.mjs`, in this process, says how many points there are and which tests to run, and reads the result. */
export const seen = Symbol.for('glassine.mutants')

const nameOf = (test) => {
  const names = []
  for (let block = test; block; block = block.parent) names.unshift(block.name)
  return names.join(' > ')
}

export default class extends TestEnvironment {
  #failed = false
  #began = 0
  #run = globalThis[seen]
  #reached = new Uint8Array(this.#run?.points ?? 0)

  async setup() {
    await super.setup()
    // A function, because Jest visits every element of everything global.
    this.global.__reached = () => this.#reached
  }

  /** What was reached since the last call. */
  #taken() {
    const reached = this.#reached
    const ids = []
    for (let at = reached.indexOf(1); at !== -1; at = reached.indexOf(1, at + 1)) ids.push(at)
    reached.fill(0)
    return ids
  }

  /** Outside tests: while modules are loaded, and in hooks around all tests. */
  #keepCommon() {
    for (const id of this.#taken()) this.#run?.common.add(id)
  }

  handleTestEvent(event) {
    if (event.name === 'test_fn_failure' || event.name === 'hook_failure') this.#failed = true
    if (event.name === 'test_start') {
      const name = nameOf(event.test)
      if (this.#failed || this.#run?.skipped?.has(name)) event.test.mode = 'skip'
      this.#keepCommon()
      this.#began = performance.now()
    }
    if (event.name === 'test_done')
      this.#run?.tests.push({
        name: nameOf(event.test),
        ms: performance.now() - this.#began,
        reached: this.#taken(),
      })
  }

  async teardown() {
    this.#keepCommon()
    await super.teardown()
  }
}
