import type { Envelope } from '@glassine/core'
import { keyHeader, plaintextsOf, preparedWith, sessionMember } from '@glassine/core/internal'
import {
  type CheckedEnvelopeOptions,
  checkedEnvelopeOptions,
  type SessionEnvelopeOptions,
} from './envelope-options.ts'
import { fault, packageName } from './errors.ts'
import { prepareOpen } from './fields/open.ts'
import { recognises } from './fields/recognise.ts'

/** The envelope of JWE sessions, for use with middlewares or by hand. */
export interface SessionEnvelope extends Envelope {
  readonly name: 'session'
  readonly sessionHeader: string
  readonly sessionMember: string
  /** Drops all cached sessions. */
  clear(): void
}

/**
 * Makes an envelope for payloads between devices and the service. Fields are JWEs (RFC 7516) under the keys of a
 * session, which the device makes and encrypts to a published key of the service. Any JOSE library can write and read
 * them.
 *
 * A request carries its session's keys as an encrypted JWK Set in the member `$jwe` of the payload's root, or in the
 * header `Encryption-Key`. Opened sessions are cached, so a session costs the recipient at most one call. All values of
 * a payload are bound to their places and to each other, to the sender, the method, path and query, the model, its
 * authenticated members and the binding; responses also to their request and status. A payload without an encrypted
 * value has a proof instead. Responses are encrypted under the session's other key. Without a request there is no
 * session, so this envelope encrypts no value by itself (`ERR_SESSION_MISSING`).
 *
 * @throws GlassineError `ERR_OPTION_INVALID`, with the option's name; later `ERR_SESSION_MISSING`,
 * `ERR_SESSION_EXPIRED`, `ERR_RECIPIENT_UNKNOWN`, `ERR_DECRYPT_FAILED`, `ERR_FIELD_MISSING`,
 * `ERR_FIELD_NOT_ENCRYPTED` (400), `ERR_REPLAYED` (409), `ERR_BUDGET_EXCEEDED` (429), `ERR_KEY_UNAVAILABLE` (503)
 * @see RFC 7516 (JWE), RFC 7517 (JWK Set), RFC 7518 (algorithms)
 * @example
 * ```ts
 * import { kmsAgreementRecipient, sessionEnvelope } from '@glassine/session'
 *
 * const recipients = kmsAgreementRecipient({ keyId: 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab' })
 * const devices = sessionEnvelope({ recipients, audience: 'https://api.example.com' })
 * // decryptRequest({ fields: Patient, envelope: devices, bind: ... }), encryptResponse()
 * ```
 */
export const sessionEnvelope = (options: SessionEnvelopeOptions): SessionEnvelope => {
  const checked = checkedEnvelopeOptions(options)
  const { bundleMember, sessions } = checked
  const envelope: SessionEnvelope = {
    name: 'session',
    sessionHeader: keyHeader,
    sessionMember,
    ...(bundleMember !== undefined && { bundleMember }),
    recognises,
    prepareOpen: (payload, policy, invocation) => prepareOpen(checked, payload, policy, invocation),
    proves: true,
    prepareSeal: async (payload, policy, { partial }) => {
      // The response to a request without a session has no proof and must have no declared value.
      if (payload === undefined) return preparedWith(packageName, () => undefined)
      const { copy, items } = plaintextsOf(policy, payload, {
        packageName,
        bundleMember,
        partial,
        isSealed: recognises,
      })
      if (items.length > 0) throw fault('ERR_SESSION_MISSING')
      return preparedWith(packageName, () => copy)
    },
    clear: sessions.clear,
  }
  optionsByEnvelope.set(envelope, checked)
  return envelope
}

const optionsByEnvelope = new WeakMap<Envelope, CheckedEnvelopeOptions>()

/** The options of an envelope, for the explanation of refusals: no envelope shows them, since they hold its keys. */
export const optionsOf = (envelope: Envelope): CheckedEnvelopeOptions | undefined =>
  optionsByEnvelope.get(envelope)
