/** The operations without a server: a state with a clock of its own, and calls that end in a response or an error. */
import { createCallLog, type KmsCall } from '../../src/call-log.ts'
import { createDispatch } from '../../src/dispatch.ts'
import type { KmsError } from '../../src/errors.ts'
import { createFaults } from '../../src/faults.ts'
import { operations } from '../../src/operations/index.ts'
import { createPrincipals } from '../../src/principals.ts'
import { KmsState } from '../../src/state.ts'

const region = 'eu-west-1'
export const otherRegion = 'us-east-1'
export const root = 'arn:aws:iam::111122223333:root'
export const stranger = 'arn:aws:iam::111122223333:role/stranger'
/** In milliseconds. */
export const day = 86_400_000

interface Caller {
  readonly principal?: string
  readonly region?: string
}

export const createInProcess = () => {
  const clock = { at: Date.UTC(2026, 0, 1) }
  const state = new KmsState('111122223333', () => clock.at)
  const log = createCallLog()
  const saves = { count: 0 }
  const principals = createPrincipals()
  const dispatch = createDispatch({
    state,
    log,
    faults: createFaults(Object.keys(operations)),
    principals,
    isSecure: true,
    save: () => void saves.count++,
  })
  const run = (operation: string, input: object, caller: Caller) =>
    dispatch({ operation, region, principal: root, ...caller, input: () => input })

  return {
    clock,
    state,
    saves,
    setPrincipal: principals.set,
    lastCall: (): KmsCall | undefined => log.calls.at(-1),
    /** The response of a call that must succeed. */
    async call(operation: string, input: object = {}, caller: Caller = {}): Promise<Record<string, any>> {
      const { output, error } = await run(operation, input, caller)
      if (error !== undefined) throw error
      return (output ?? {}) as Record<string, any>
    },
    /** The code and the message of a call that must fail. */
    async refusal(
      operation: string,
      input: object = {},
      caller: Caller = {},
    ): Promise<readonly [code: string, message: string | undefined]> {
      const { error } = await run(operation, input, caller)
      const { type, text } = error ?? ({ type: 'none', text: undefined } as Pick<KmsError, 'type' | 'text'>)
      return [type, text]
    },
    /** A new key's metadata. */
    async key(input: object = {}): Promise<Record<string, any> & { KeyId: string; Arn: string }> {
      const { KeyMetadata } = (await run('CreateKey', input, {})).output as { KeyMetadata: any }
      return KeyMetadata
    },
  }
}

export type InProcess = ReturnType<typeof createInProcess>
