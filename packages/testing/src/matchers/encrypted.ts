import { type Envelope, type FieldPolicy, type Fields, placesOf, policyOf } from '@glassine/core'
import {
  checkedOptions,
  isGlassineError,
  isPlainObject,
  methods,
  type OptionSchema,
} from '@glassine/core/internal'
import { packageName } from '../options.ts'
import { isCiphertext } from './ciphertext.ts'
import { refusalOf } from './refusal.ts'

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const declaresBody = ({ encrypted }: FieldPolicy): boolean =>
  encrypted.members?.some(([name]) => name === 'body') ?? false

/**
 * The payload of a response or an HTTP event (its body: text, base64 or parsed), of JSON text, or the value
 * itself. `undefined` when there is none.
 */
const payloadOf = (received: unknown, policy: FieldPolicy): unknown => {
  if (typeof received === 'string') return parsed(received)
  if (!isPlainObject(received)) return Array.isArray(received) ? received : undefined
  const isHttp = 'statusCode' in received || 'isBase64Encoded' in received || !declaresBody(policy)
  if (!('body' in received) || !isHttp) return received
  const { body, isBase64Encoded } = received
  if (typeof body !== 'string') return body
  return parsed(isBase64Encoded === true ? Buffer.from(body, 'base64').toString() : body)
}

/** The part of Jest's and Vitest's matcher state that the matchers use. */
export interface MatcherContext {
  readonly isNot?: boolean
}

/** What a matcher returns, in Jest and Vitest alike. */
export interface MatcherResult {
  readonly pass: boolean
  readonly message: () => string
}

/** How `toHaveEncrypted` recognises a ciphertext. */
export interface EncryptedMatcherOptions {
  /**
   * The envelope whose ciphertexts to expect, for example `messageEnvelope({ keys })`. Default: the structure of an
   * AWS Encryption SDK message of format 2.0 in base64, or of a compact JWE.
   */
  readonly envelope?: Pick<Envelope, 'recognises' | 'bundleMember'>
}

const matcherOptions: OptionSchema<EncryptedMatcherOptions> = { envelope: methods('recognises') }

/** What was found at the declared places: template paths only, never values. */
interface Findings {
  readonly sealed: readonly string[]
  /** Path and what is wrong with it. */
  readonly faults: readonly string[]
  /** The payload could not be read: the matcher fails, and so does `.not`. */
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

  // The bundle shape: every place is empty, and one other member holds all the values.
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
    return unreadable('there is no payload: neither an object nor JSON')
  try {
    return inspect(payload, policy, options, absentMode)
  } catch (error) {
    if (!isGlassineError(error)) throw error
    return unreadable(`${error.cause.path || 'the payload'} is absent or has another shape`)
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
  checkedOptions(packageName, matcherOptions, options)
  const isNot = this.isNot === true
  const { sealed, faults, isUnreadable } = findingsOf(received, policy, options, isNot ? 'ignore' : 'collect')
  // `.not` is more than the opposite: it fails when only some places are sealed.
  const holds = !isUnreadable && (isNot ? sealed.length === 0 : faults.length === 0 && sealed.length > 0)
  const findings = isNot && !isUnreadable ? sealed.map((path) => `${path} is encrypted`) : faults
  return {
    pass: holds !== isNot,
    message: () =>
      [
        ...refusalOf(received),
        `The fields of ${policy.model} are not all ${isNot ? 'decrypted' : 'encrypted'}`,
        ...new Set(findings.length > 0 ? findings : ['none of them is present']),
      ].join('\n  '),
  }
}
