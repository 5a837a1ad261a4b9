/** What an operation is, and what it gets besides its input. */

import type { EncryptionContext } from './blob.ts'
import type { OpenCall } from './call-log.ts'
import { invalid, KmsError } from './errors.ts'
import type { Principal } from './principals.ts'
import { type Input, readInput, type Shape } from './shape.ts'
import type { KmsState } from './state.ts'

/** The circumstances of one call. */
export interface Call {
  readonly operation: string
  readonly region: string
  /** ARN of the caller. */
  readonly principal: string
  /** The account's root. */
  readonly isOwner: boolean
  /** The caller's policies and tags. */
  readonly caller: Principal
  /** Whether the call came over TLS. */
  readonly isSecure: boolean
  readonly state: KmsState
  /** The entry of the call log, filled in during the call. */
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

/** Ends a call that only checks permissions. */
export const endDryRun = (dryRun: boolean | undefined): void => {
  if (dryRun) {
    throw new KmsError(
      'DryRunOperationException',
      'The request would have succeeded, but the DryRun option is set.',
    )
  }
}

/** IAM's refusal, with AWS's reason for it. */
export const denied = (
  call: Call,
  resource: string,
  reason = 'because no identity-based policy allows',
  operation = call.operation,
): KmsError =>
  new KmsError(
    'AccessDeniedException',
    `User: ${call.principal} is not authorized to perform: kms:${operation} on resource: ${resource} ` +
      (reason.startsWith('because') ? `${reason} the kms:${operation} action` : reason),
  )

/** Bytes of names and values together. */
const maxLength = 8192

/** Puts the context in the call log and checks its size. */
export const recordContext = (call: Call, context: EncryptionContext | undefined): EncryptionContext => {
  if (context === undefined) return {}
  call.record.encryptionContext = context
  let length = 0
  for (const [name, value] of Object.entries(context))
    length += Buffer.byteLength(name) + Buffer.byteLength(value)
  if (length > maxLength) throw invalid(`EncryptionContext must not be larger than ${maxLength} bytes`)
  return context
}
