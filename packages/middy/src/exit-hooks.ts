// How middlewares that decrypt let responses and errors out.
import type { FieldPolicy } from '@glassine/core'
import { endOpenedValues } from '@glassine/core/internal'
import { cleanError } from './clean-error.ts'
import { sealingError, uniformError } from './errors.ts'
import { type AnyRequest, mayLeaveClear, stateOf } from './invocation.ts'
import { lastLook } from './last-look.ts'
import { type OnRefused, tell } from './on-refused.ts'
import { redacted } from './redact.ts'

interface ExitOptions {
  /** The declarations whose places must be sealed in a response. */
  readonly policies: readonly FieldPolicy[]
  readonly onRefused: OnRefused | undefined
}

/**
 * The hooks `after` and `onError`: a response that was not sealed, or that an inner hook has changed since, is looked
 * at before others see it. Opened values are taken out of errors and of their responses.
 */
export const exitHooks = ({ policies, onRefused }: ExitOptions) => {
  /** Refuses a response that would leave in the clear; it is removed from the request. */
  const look = (request: AnyRequest): void => {
    try {
      if (!mayLeaveClear(stateOf(request))) lastLook(request, policies)
    } catch (error) {
      request.response = undefined
      tell(onRefused, 'response', error, policies[0]?.model)
      throw sealingError(error)
    }
  }

  const end = (request: AnyRequest): void => {
    const { opened } = stateOf(request)
    if (opened) endOpenedValues(opened)
  }

  const after = (request: AnyRequest): void => {
    try {
      look(request)
    } finally {
      end(request)
    }
  }

  const onError = (request: AnyRequest): void => {
    const state = stateOf(request)
    request.error = uniformError(cleanError(state, request.error)) as Error
    if (request.response !== undefined) {
      try {
        request.response = redacted(state, request.response)
        look(request)
      } catch (error) {
        // Not thrown: Middy would skip the error handlers outside, and the caller would get no response at all.
        request.response = undefined
        request.error = error as Error
      }
    }
    end(request)
  }

  return { after, onError }
}
