import type { Envelope, EnvelopeOptions, FieldPolicy, Prepared, SealOptions } from '@glassine/core'
import {
  isPlainObject,
  keyUse,
  plaintextsOf,
  preparedWith,
  proofHeader,
  proofMember,
  proofText,
  type RecordPair,
  refuseOversize,
  type SealItem,
  sessionMember,
} from '@glassine/core/internal'
import { ivBytes, jsonBytes } from '@glassine/keys/internal'
import type { CheckedEnvelopeOptions } from '../envelope-options.ts'
import { decryptFailed, fault, packageName } from '../errors.ts'
import { bodyLength, freshBytes, sealCompact } from '../jwe/compact.ts'
import { maySeal, type Session } from '../session/key-set.ts'
import { contextHash } from './context.ts'
import { type InnerLayer, innerLayer } from './forward-secret.ts'
import { ownMembers, recognises, refuseDeclared } from './recognise.ts'
import { protectedHeaders } from './tokens.ts'

/** Bytes of a `jti`. */
const jtiBytes = 16

/**
 * The envelope of a response: encrypts under the response key of the request's session. It decrypts nothing.
 *
 * @param answers - the `jti` of the request
 */
export const replyOf = (options: CheckedEnvelopeOptions, session: Session, answers: string): Envelope => {
  const { bundleMember } = options
  return {
    name: 'session',
    ...(bundleMember !== undefined && { bundleMember }),
    proves: true,
    recognises,
    prepareOpen: async () => {
      throw decryptFailed('a response is encrypted only')
    },
    prepareSeal: (payload, policy, invocation) =>
      prepareSeal(options, session, answers, payload, policy, invocation),
  }
}

const prepareSeal = async (
  options: CheckedEnvelopeOptions,
  session: Session,
  answers: string,
  payload: unknown,
  policy: FieldPolicy,
  invocation: SealOptions,
): Promise<Prepared> => {
  const { copy, root, values, members } = extract(options, payload, policy, invocation)
  const { sender, status, resource, binding, maxBytes } = invocation
  // A proof beside the payload covers a payload without values, not its members.
  const bound = values.length === 0 && root === undefined ? [] : members
  const context = {
    direction: 'response',
    sender,
    answers,
    status,
    resource,
    members: bound,
    binding,
  } as const
  const ctx = contextHash({ ...context, count: values.length, model: policy.model })
  const proves = values.length === 0
  const outside: Record<string, string> = {}
  const all = proves ? [proofIn(root ?? outside)] : values
  if (!maySeal(session, all.length))
    throw fault('ERR_ENCRYPT_FAILED', {
      message: 'The session key has encrypted as many values as one key may',
    })

  // A proof holds no secret, so it needs no forward secrecy.
  const inner = proves ? undefined : innerLayer(session.keys)
  // One draw for the payload: it costs the same for one value and for all of them.
  const fresh = freshBytes(jtiBytes + (inner ? 2 : 1) * all.length * ivBytes)
  const jti = fresh.toString('base64url', 0, jtiBytes)
  const kid = session.keys.sid + keyUse.response
  const headerAt = protectedHeaders(kid, ctx, jti, inner ? ',"cty":"JWE"' : '')
  const ready = all.map(({ pointer, ...value }) => ({ ...value, protectedHeader: headerAt(pointer) }))
  if (root !== undefined) {
    const ticket = await ticketFor(options, session, invocation)
    if (ticket !== undefined) root[sessionMember] = ticket
  }
  if (maxBytes !== undefined && copy !== undefined)
    refuseOversize(sizeWith(copy, ready, inner), maxBytes, packageName)

  const work = (): unknown => {
    sealValues(session, ready, inner, fresh)
    return copy
  }
  const header = (): readonly [string, string] | undefined =>
    Object.hasOwn(outside, proofMember) ? [proofHeader, outside[proofMember]!] : undefined
  return preparedWith(packageName, work, { header })
}

/** A value that waits for its encryption: its place, its text, and the header of its token. */
type ReadyValue = Omit<SealItem, 'pointer' | 'record'> & { readonly protectedHeader: string }

/**
 * The size of a payload once its values are encrypted, in bytes: its JSON with empty places, and the tokens' lengths.
 * So it is known before the encryption.
 */
const sizeWith = (copy: unknown, ready: readonly ReadyValue[], inner: InnerLayer | undefined): number => {
  for (const { holder, key } of ready) holder[key] = ''
  let total = jsonBytes(copy, packageName)
  for (const { protectedHeader, text } of ready) {
    const bytes = Buffer.byteLength(text, 'utf8')
    total +=
      protectedHeader.length + bodyLength(inner ? inner.protectedHeader.length + bodyLength(bytes) : bytes)
  }
  return total
}

/** Encrypts the values in their places, each with the next IVs of `fresh`, which begins with the `jti`. */
const sealValues = (
  session: Session,
  ready: readonly ReadyValue[],
  inner: InnerLayer | undefined,
  fresh: Buffer,
): void => {
  session.seals += ready.length
  let used = jtiBytes
  const nextIv = (): Buffer => {
    used += ivBytes
    return fresh.subarray(used - ivBytes, used)
  }
  for (const { holder, key, protectedHeader, text } of ready) {
    const plaintext = Buffer.from(text, 'utf8')
    try {
      const sealed = inner
        ? Buffer.from(sealCompact(inner.key, inner.protectedHeader, nextIv(), plaintext), 'latin1')
        : plaintext
      holder[key] = sealCompact(session.keys.response, protectedHeader, nextIv(), sealed)
    } finally {
      // It may lie in Node's buffer pool, where a later allocation could read it.
      plaintext.fill(0)
    }
  }
}

/** The proof of a response without an encrypted value, in its root or beside it. */
const proofIn = (holder: Record<string, unknown>): Omit<SealItem, 'record'> => ({
  holder,
  key: proofMember,
  pointer: '',
  text: proofText,
})

/** A ticket for a device without one; best effort: without it the response is still sent. */
const ticketFor = async (
  { tickets, now, timeout }: CheckedEnvelopeOptions,
  session: Session,
  { deadline, tenant }: EnvelopeOptions,
): Promise<string | undefined> => {
  if (tickets === undefined || session.byTicket) return undefined
  const end = deadline ?? now() + timeout
  try {
    return await tickets.seal(session, { deadline: () => end, ...(tenant !== undefined && { tenant }) })
  } catch {
    return undefined
  }
}

/** A copy of the payload and the values to encrypt. */
interface Extracted {
  readonly copy: unknown
  /** The copy, if it can carry a ticket. */
  readonly root?: Record<string, unknown>
  readonly values: readonly SealItem[]
  readonly members: readonly RecordPair[]
}

/**
 * Encodes all values of a payload: one for each declared place, or one bundle. Every error that the payload can cause
 * is thrown here.
 *
 * @throws GlassineError `ERR_FIELD_MISSING`, `ERR_VALUE_INVALID`, `ERR_ALREADY_ENCRYPTED`, `ERR_OPTION_INVALID`
 */
const extract = (
  { bundleMember, padding }: CheckedEnvelopeOptions,
  payload: unknown,
  policy: FieldPolicy,
  { partial }: EnvelopeOptions,
): Extracted => {
  refuseDeclared(policy)
  if (payload === undefined) return { copy: undefined, values: [], members: [] }
  // The members of the ticket and the proof must be free.
  for (const member of ownMembers)
    if (isPlainObject(payload) && Object.hasOwn(payload, member) && payload[member] !== undefined)
      throw fault(recognises(payload[member]) ? 'ERR_ALREADY_ENCRYPTED' : 'ERR_VALUE_INVALID', {
        path: `/${member}`,
      })
  const shape = { packageName, bundleMember, partial, isSealed: recognises }
  const { copy, items, members } = plaintextsOf(policy, payload, shape)
  return {
    copy,
    members,
    root: isPlainObject(copy) ? copy : undefined,
    values:
      padding === undefined ? items : items.map((item) => ({ ...item, text: padded(item.text, padding) })),
  }
}

/** Trailing spaces do not change a JSON text; they hide its length up to a multiple of `bucket`. */
const padded = (json: string, bucket: number): string => {
  const over = Buffer.byteLength(json, 'utf8') % bucket
  return over === 0 ? json : json + ' '.repeat(bucket - over)
}
