/** What an operation is, and what it is given besides its input. */
import type { OpenCall } from './call-log.ts'
import { KmsError } from './errors.ts'
import { type Input, readInput, type Shape } from './shape.ts'
import type { KmsState } from './state.ts'

/** The circumstances of one call. */
export interface Call {
  readonly operation: string
  readonly region: string
  /** ARN of the caller. */
  readonly principal: string
  /** The account's root, who may do everything. Others may do what grants allow them. */
  readonly isOwner: boolean
  readonly state: KmsState
  /** The entry of the call log, filled in as the call learns more. */
  readonly record: OpenCall
}

type Output = object | undefined

/** An operation: reads its input by its shape and answers with an object that the wire encodes. */
export interface Operation {
  run(input: unknown, call: Call): Output | Promise<Output>
}

/** Binds a handler to its shape, so that its input is typed and checked. */
export const operation = <const S extends Shape>(
  shape: S,
  handle: (input: Input<S>, call: Call) => Output | Promise<Output>,
): Operation => ({ run: (input, call) => handle(readInput(shape, input), call) })

/** Ends a call that asked only whether it would be allowed. */
export const endDryRun = (dryRun: boolean | undefined): void => {
  if (dryRun) {
    throw new KmsError(
      'DryRunOperationException',
      'The request would have succeeded, but the DryRun option is set.',
    )
  }
}

/**
 * The refusal of IAM. AWS's sentence names a missing identity-based policy; that is also what a grantee sees
 * whose grant does not cover the call.
 */
export const denied = (call: Call, resource: string): KmsError =>
  new KmsError(
    'AccessDeniedException',
    `User: ${call.principal} is not authorized to perform: kms:${call.operation} on resource: ${resource} ` +
      `because no identity-based policy allows the kms:${call.operation} action`,
  )

/** For operations on no particular key. */
export const requireOwner = (call: Call): void => {
  if (!call.isOwner) throw denied(call, '*')
}
