import { type Envelope, type Fields, policyOf } from '@glassine/core'
import { endOpenedValues } from '@glassine/core/internal'
import type { Request } from '@middy/core'
import { cleanError } from './clean-error.ts'
import { badOption, packageName, sealingError } from './errors.ts'
import { type AnyRequest, stateOf } from './invocation.ts'
import { lastLook } from './last-look.ts'
import { type OnRefused, tell } from './on-refused.ts'
import {
  anyFunction,
  checkOptions,
  envelopes as envelopesRule,
  fieldsRule,
  listOf,
  type OptionSchema,
} from './options.ts'

/** Options of {@link assertEncrypted}. */
export interface AssertEncryptedOptions {
  /** The fields that must be sealed everywhere in a response. */
  readonly fields: Fields
  /** The formats that count as sealed. Default: those of `decryptRequest` and `encryptResponse`. */
  readonly envelope?: Envelope | readonly Envelope[]
  /** Called for every refused response. Default: one line of JSON on stderr. */
  readonly onRefused?: OnRefused
}

/** The part of Middy's plugin object that {@link assertEncrypted} fills. */
export interface EncryptedGuard {
  /** Called when `middy(...)` is. */
  beforePrefetch(): void
  requestEnd(request: Request<any, any, any, any, any>): void
}

const schema: OptionSchema<AssertEncryptedOptions> = {
  fields: fieldsRule,
  envelope: envelopesRule,
  onRefused: anyFunction,
}

/**
 * The last look at a response: a Middy plugin that fails the invocation when a declared place holds anything that
 * no envelope recognises. It runs where no hook can be skipped, and so also sees what a middleware returned early,
 * past `encryptResponse`.
 *
 * What it throws goes to Lambda and not to error handlers, which have run by then: the caller gets 502 or 500 from
 * the service in front. It is there for mistakes in a stack, not for requests. A plugin has one `beforePrefetch` and
 * one `requestEnd`: call these from your own, with the same `this`. A streamed response is looked at before its first
 * byte under Middy 7; Middy 6 tells a plugin of it too late, so `streamifyResponse` is refused there.
 *
 * @throws GlassineError at construction `ERR_OPTION_INVALID`, `ERR_MODEL_INVALID`; from `middy(...)`
 * `ERR_OPTION_INVALID` for `streamifyResponse` of Middy 6; at the end of a request `ERR_FIELD_NOT_ENCRYPTED` or
 * `ERR_RESPONSE_INVALID`, both 500
 * @example
 * ```ts
 * import { defineFields } from '@glassine/core'
 * import { assertEncrypted } from '@glassine/middy'
 * import middy from '@middy/core'
 *
 * const fields = defineFields<{ id: string; ssn: string }>('patient', { ssn: {} })
 *
 * export const handler = middy(assertEncrypted({ fields })).handler(async () => ({ statusCode: 204 }))
 * ```
 */
export const assertEncrypted = (options: AssertEncryptedOptions): EncryptedGuard => {
  checkOptions(schema, options)
  const policy = policyOf(options.fields, packageName)
  const own = options.envelope && listOf(options.envelope)
  const { onRefused } = options

  /** Looks at what leaves, once: under Middy 7 before the first byte. */
  const look = (request: AnyRequest): void => {
    const state = stateOf(request)
    if (state.isGuarded) return
    state.isGuarded = true
    const { opening } = state
    const policies = opening && opening.policy !== policy ? [policy, opening.policy] : [policy]
    try {
      lastLook(request, policies, own)
    } catch (error) {
      tell(onRefused, 'response', error, policy.model)
      throw sealingError(error)
    }
  }

  const assertEncryptedRequestEnd = (request: AnyRequest): void => {
    const { opened } = stateOf(request)
    try {
      look(request)
    } finally {
      if (opened) endOpenedValues(opened)
    }
  }

  /** Middy 7 lets a plugin choose how a request is run: the look belongs between the last hook and the first byte. */
  function assertEncryptedBeforePrefetch(this: PluginOfMiddy): void {
    if (this?.streamifyResponse)
      throw badOption(
        'assertEncrypted',
        'cannot guard streamed responses under Middy 6, which sends them before',
      )
    const mode = this?.executionMode
    if (!mode) return
    this.executionMode = ({ runRequest, ...tools }, ...rest) => {
      const guarded = async (request: AnyRequest, ...parts: unknown[]): Promise<unknown> => {
        try {
          const response = await runRequest(request, ...parts)
          look(request)
          return response
        } catch (error) {
          throw cleanError(stateOf(request), error)
        }
      }
      return mode({ ...tools, runRequest: guarded }, ...rest)
    }
  }

  return {
    beforePrefetch: assertEncryptedBeforePrefetch,
    requestEnd: assertEncryptedRequestEnd as EncryptedGuard['requestEnd'],
  }
}

type RunRequest = (request: AnyRequest, ...parts: unknown[]) => Promise<unknown>

/** What a plugin of Middy finds as `this`: all that was given to `middy(...)`. */
interface PluginOfMiddy {
  /** Middy 6. */
  readonly streamifyResponse?: boolean
  /** Middy 7. */
  executionMode?: (tools: { readonly runRequest: RunRequest }, ...rest: unknown[]) => unknown
}

/**
 * Checks options as {@link assertEncrypted} does at construction, without making the middleware.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`, `ERR_MODEL_INVALID`
 */
export const assertEncryptedValidateOptions = (options: AssertEncryptedOptions): void =>
  void assertEncrypted(options)
