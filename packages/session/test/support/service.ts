/** The service of tests: a recipient of its own, which counts what would have cost a call, and an envelope over it. */
import {
  localRecipient,
  type Recipient,
  type SessionEnvelope,
  type SessionEnvelopeOptions,
  sessionEnvelope,
} from '@glassine/session'
import { audience } from './device.ts'

export const recipient = localRecipient()
/** What devices encrypt to. */
export const [jwk] = await recipient.jwks({ deadline: () => Date.now() + 1_000 })

/** A recipient whose uses are counted; of the kind that costs a call for each. */
export const counting = (inner: Recipient = recipient): Recipient & { calls: number } => {
  const counted: Recipient & { calls: number } = {
    calls: 0,
    metered: true,
    jwks: inner.jwks,
    unwrap: (request) => {
      counted.calls++
      return inner.unwrap(request)
    },
  }
  return counted
}

export const envelopeWith = (options: Partial<SessionEnvelopeOptions> = {}): SessionEnvelope =>
  sessionEnvelope({ recipients: recipient, audience, ...options })

/** An envelope and the count of what it has asked for. */
export const setUp = (options: Partial<SessionEnvelopeOptions> = {}) => {
  const counted = counting()
  return { recipient: counted, envelope: envelopeWith({ recipients: counted, ...options }) }
}
