import type { Envelope } from '@glassine/core'
import { keyHeader, sessionMember } from '@glassine/core/internal'
import { checkedSettings, type SessionEnvelopeOptions } from './envelope-options.ts'
import { fault } from './errors.ts'
import { recognises } from './fields/header.ts'
import { prepareOpen } from './fields/open.ts'

/** The envelope of JWE sessions, for use with middlewares or by hand. */
export interface SessionEnvelope extends Envelope {
  readonly name: 'session'
  readonly sessionHeader: string
  readonly sessionMember: string
  /** Drops all opened sessions. */
  clear(): void
}

/**
 * Makes an envelope for payloads from and to devices: fields are JWE (RFC 7516) under the keys of a session, which the
 * device has made and encrypted to a published key of the service. Any JOSE library can write and read them.
 *
 * A request carries its session's keys as an encrypted JWK Set in the member `$jwe` of the payload's root, or in the
 * header `Encryption-Key`. An opened session is kept, so that it costs the recipient one call at most. Each field is
 * bound to its place, the route, the model and the binding, and all fields of a payload to each other. Answers are
 * sealed under the session's other key; by itself this envelope seals nothing (`ERR_SESSION_MISSING`).
 *
 * @throws GlassineError `ERR_OPTION_INVALID`, with the option's name; later `ERR_SESSION_MISSING`,
 * `ERR_SESSION_EXPIRED`, `ERR_RECIPIENT_UNKNOWN`, `ERR_DECRYPT_FAILED`, `ERR_FIELD_MISSING`,
 * `ERR_FIELD_NOT_ENCRYPTED` (400), `ERR_REPLAYED` (409), `ERR_BUDGET_EXCEEDED` (429), `ERR_KEY_UNAVAILABLE` (503)
 * @see RFC 7516 (JWE), RFC 7517 (JWK Set), RFC 7518 (algorithms)
 * @example
 * ```ts
 * import { kmsAgreementRecipient, sessionEnvelope } from '@glassine/session'
 *
 * const recipient = kmsAgreementRecipient({ keyId: 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab' })
 * const devices = sessionEnvelope({ recipient, audience: 'https://api.example.com' })
 * // decryptRequest({ fields: Patient, envelope: devices, bind: ... }), encryptResponse()
 * ```
 */
export const sessionEnvelope = (options: SessionEnvelopeOptions): SessionEnvelope => {
  const settings = checkedSettings(options)
  const { bundleMember, sessions } = settings
  return {
    name: 'session',
    sessionHeader: keyHeader,
    sessionMember,
    ...(bundleMember !== undefined && { bundleMember }),
    recognises,
    prepareOpen: (payload, policy, invocation) => prepareOpen(settings, payload, policy, invocation),
    prepareSeal: async () => {
      throw fault('ERR_SESSION_MISSING')
    },
    clear: sessions.clear,
  }
}
