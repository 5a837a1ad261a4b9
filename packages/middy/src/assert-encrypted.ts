import { type Envelope, type FieldPolicy, type Fields, policyOf } from '@glassine/core'
import { isPlainObject } from '@glassine/core/internal'
import type { Request } from '@middy/core'
import { unsealedPlace } from './clear-place.ts'
import { fault, packageName, sealingError } from './errors.ts'
import { eventSourceOf } from './event-source.ts'
import { checkOptions, envelopes as envelopesRule, fieldsRule, listOf, type OptionSchema } from './options.ts'
import { hasFieldBesideBody, responseParts } from './response.ts'
import { type AnyRequest, stateOf } from './state.ts'

/** Options of {@link assertEncrypted}. */
export interface AssertEncryptedOptions {
  /** What must be sealed wherever it stands in a response. */
  readonly fields: Fields
  /** The formats that count as sealed. Default: those of `decryptRequest` and `encryptResponse`. */
  readonly envelope?: Envelope | readonly Envelope[]
}

/** The part of Middy's plugin object that {@link assertEncrypted} fills. */
export interface EncryptedGuard {
  requestEnd(request: Request<any, any, any, any, any>): void
}

const schema: OptionSchema<AssertEncryptedOptions> = { fields: fieldsRule, envelope: envelopesRule }

/**
 * The last look at a response: a Middy plugin that fails the invocation when a declared place holds anything that
 * no envelope recognises. It runs where no hook can be skipped, and so also sees what a middleware returned early,
 * past `encryptResponse`.
 *
 * What it throws goes to Lambda and not to error handlers, which have run by then: the caller gets 502 or 500 from
 * the service in front. It is there for mistakes in a stack, not for requests. A plugin has one `requestEnd`: call
 * this one from your own. With response streaming the response has left by then, and nothing is guarded.
 *
 * @throws GlassineError at construction `ERR_OPTION_INVALID`, `ERR_MODEL_INVALID`; at the end of a request
 * `ERR_FIELD_NOT_ENCRYPTED` or `ERR_RESPONSE_INVALID`, both 500
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

  const assertEncryptedRequestEnd = (request: AnyRequest): void => {
    const { response } = request
    if (response === undefined || response === null) return
    const { opening, sealing, gate, sealedBody } = stateOf(request)
    const source = sealing?.source ?? opening?.source ?? gate?.source ?? eventSourceOf(request.event)
    let path: string | undefined
    try {
      // Written by encryptResponse, under the same declaration, and checked there.
      if (
        sealing?.policy === policy &&
        sealedBody !== undefined &&
        isSealedBody(response, policy, sealedBody)
      )
        return
      const parts = responseParts(response, source, policy, true)
      if (parts.form === 'empty') return
      const envelopes = own ?? [...(sealing ? [sealing.envelope] : []), ...(opening?.envelopes ?? [])]
      const payloads = Array.isArray(parts.payload) ? parts.payload : [parts.payload]
      for (const payload of payloads) {
        if (typeof payload !== 'object') continue
        path ??= unsealedPlace(policy, payload, envelopes)
      }
    } catch (error) {
      throw sealingError(error)
    }
    if (path !== undefined)
      throw fault('ERR_FIELD_NOT_ENCRYPTED', {
        path,
        statusCode: 500,
        message: 'A declared field would have left in the clear',
      })
  }

  return { requestEnd: assertEncryptedRequestEnd as EncryptedGuard['requestEnd'] }
}

const isSealedBody = (response: unknown, policy: FieldPolicy, sealedBody: string): boolean =>
  isPlainObject(response) && response.body === sealedBody && !hasFieldBesideBody(response, policy)

/**
 * Checks options as {@link assertEncrypted} does at construction, without making the middleware.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`, `ERR_MODEL_INVALID`
 */
export const assertEncryptedValidateOptions = (options: AssertEncryptedOptions): void =>
  void assertEncrypted(options)
