// Jest's environment for mutants: the first test that fails ends its suite, and what was reached is handed out.
import { TestEnvironment } from 'jest-environment-node'

/** Where `worker.mjs`, in this process, finds what the last suite did. */
export const seen = Symbol.for('glassine.mutants')

export default class extends TestEnvironment {
  #failed = false

  async setup() {
    await super.setup()
    this.global.__reached = new Set()
    globalThis[seen] = { reached: this.global.__reached }
  }

  handleTestEvent(event) {
    if (event.name === 'test_fn_failure' || event.name === 'hook_failure') this.#failed = true
    if (event.name === 'test_start' && this.#failed) event.test.mode = 'skip'
  }
}
