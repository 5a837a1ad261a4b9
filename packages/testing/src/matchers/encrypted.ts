import { type Envelope, type FieldPolicy, type Fields, placesOf, policyOf } from '@glassine/core'
import { isGlassineError, isPlainObject, optionError } from '@glassine/core/internal'
import { isCiphertext } from './ciphertext.ts'
import type { MatcherContext, MatcherResult } from './context.ts'
import { payloadOf } from './payload.ts'

/** How `toHaveEncrypted` recognises a ciphertext. */
export interface EncryptedMatcherOptions {
  /**
   * Whose ciphertexts are due, for example `messageEnvelope({ keys })`. Default: the structure of an AWS Encryption
   * SDK message of format 2.0 in base64, or of a compact JWE.
   */
  readonly envelope?: Pick<Envelope, 'recognises' | 'bundleMember'>
}

const packageName = '@glassine/testing'

/** What was found at the declared places: template paths only, values never leave here. */
interface Findings {
  readonly sealed: readonly string[]
  /** Path and what is wrong with it. */
  readonly faults: readonly string[]
  /** The payload could not be looked through: neither the matcher nor its opposite holds. */
  readonly isUnreadable?: true
}

const unreadable = (fault: string): Findings => ({ sealed: [], faults: [fault], isUnreadable: true })

const inspect = (
  payload: unknown,
  policy: FieldPolicy,
  { envelope }: EncryptedMatcherOptions,
  absentMode: 'collect' | 'ignore',
): Findings => {
  const recognises = envelope ? envelope.recognises.bind(envelope) : isCiphertext
  const { places, absent } = placesOf(policy, payload, { packageName, statusCode: 500, absent: absentMode })
  const sealed = places.filter(({ value }) => recognises(value)).map(({ field }) => field.path)
  const inClear = places
    .filter(({ value }) => !recognises(value))
    .map(({ field }) => `${field.path} is in the clear`)

  // The bundle shape: every place is empty, and one member beside them holds them all.
  if (places.length === 0 && isPlainObject(payload)) {
    const declared = new Set(policy.encrypted.members?.map(([name]) => name))
    const members = envelope?.bundleMember === undefined ? Object.keys(payload) : [envelope.bundleMember]
    const member = members.find((name) => !declared.has(name) && recognises(payload[name]))
    if (member !== undefined) return { sealed: [`/${member}`], faults: [] }
  }
  const missing = absent.filter(({ field }) => !field.optional).map(({ field }) => `${field.path} is absent`)
  return { sealed, faults: [...inClear, ...missing] }
}

const findingsOf = (
  received: unknown,
  policy: FieldPolicy,
  options: EncryptedMatcherOptions,
  absentMode: 'collect' | 'ignore',
): Findings => {
  const payload = payloadOf(received, policy)
  if (payload === undefined || payload === null)
    return unreadable('there is no payload: no object and no JSON')
  try {
    return inspect(payload, policy, options, absentMode)
  } catch (error) {
    if (!isGlassineError(error)) throw error
    return unreadable(`${error.cause.path || 'the payload'} is absent or of another shape`)
  }
}

/** The matcher behind `expect(response).toHaveEncrypted(Patient)`; see the interface of the matchers. */
export function toHaveEncrypted(
  this: MatcherContext,
  received: unknown,
  fields: Fields,
  options: EncryptedMatcherOptions = {},
): MatcherResult {
  const policy = policyOf(fields, packageName)
  if (options.envelope !== undefined && typeof options.envelope.recognises !== 'function')
    throw optionError(packageName, 'envelope', 'must be an envelope')
  const isNot = this.isNot === true
  const { sealed, faults, isUnreadable } = findingsOf(received, policy, options, isNot ? 'ignore' : 'collect')
  // `.not` is no mere opposite: after decryption nothing may be sealed any more, and half of it is not nothing.
  const holds = !isUnreadable && (isNot ? sealed.length === 0 : faults.length === 0 && sealed.length > 0)
  const findings = isNot && !isUnreadable ? sealed.map((path) => `${path} is encrypted`) : faults
  return {
    pass: holds !== isNot,
    message: () =>
      [
        `The fields of ${policy.model} are not all ${isNot ? 'open' : 'encrypted'}`,
        ...new Set(findings.length > 0 ? findings : ['none of them is there']),
      ].join('\n  '),
  }
}
