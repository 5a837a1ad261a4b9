import { randomBytes } from 'node:crypto'
import type { Envelope, EnvelopeOptions, FieldPolicy, Prepared } from '@glassine/core'
import {
  isPlainObject,
  keyUse,
  plaintextsOf,
  preparedWith,
  type SealItem,
  sessionMember,
} from '@glassine/core/internal'
import { ivBytes, jsonBytes, refuseOversize } from '@glassine/keys/internal'
import type { Settings } from '../envelope-options.ts'
import { decryptFailed, fault, packageName } from '../errors.ts'
import { bodyLength, freshIvs, sealCompact } from '../jwe/compact.ts'
import { maySeal, type Session } from '../session/key-set.ts'
import { innerLayer } from './forward-secret.ts'
import { headsOf, recognises, refuseDeclared } from './header.ts'

/** Bytes of a `jti`. */
const jtiBytes = 16

/**
 * The envelope of an answer: seals under the response key of the session that the request came in. Opens nothing.
 *
 * @param jti - that of the request's fields or header; a new one for requests without any
 */
export const replyOf = (settings: Settings, session: Session, jti?: string): Envelope => {
  const { bundleMember } = settings
  return {
    name: 'session',
    ...(bundleMember !== undefined && { bundleMember }),
    recognises,
    prepareOpen: async () => {
      throw decryptFailed()
    },
    prepareSeal: (payload, policy, options) =>
      prepareSeal(
        settings,
        session,
        jti ?? randomBytes(jtiBytes).toString('base64url'),
        payload,
        policy,
        options,
      ),
  }
}

const prepareSeal = async (
  settings: Settings,
  session: Session,
  jti: string,
  payload: unknown,
  policy: FieldPolicy,
  options: EnvelopeOptions,
): Promise<Prepared> => {
  const { copy, root, values } = takenOut(settings, payload, policy, options)
  if (values.length === 0) return preparedWith(packageName, () => copy)
  if (!maySeal(session, values.length))
    throw fault('ERR_ENCRYPT_FAILED', {
      message: 'The key of the session has sealed as many values as one key may',
    })

  const { sid, response } = session.keys
  const inner = innerLayer(session.keys)
  const ctx = settings.contextOf(options, policy.model)
  const heads = headsOf(sid + keyUse.response, ctx, jti, inner ? ',"cty":"JWE"' : '')
  const ready = values.map(({ pointer, ...value }) => ({ ...value, head: heads(pointer) }))
  if (root !== undefined) {
    const ticket = await ticketFor(settings, session, options)
    if (ticket !== undefined) root[sessionMember] = ticket
  }

  const { maxBytes } = options
  if (maxBytes !== undefined) {
    // Measured with empty places, whose tokens are then added: nothing has to be sealed to know the size.
    for (const { holder, key } of ready) holder[key] = ''
    let total = jsonBytes(copy, packageName)
    for (const { head, text } of ready) {
      const bytes = Buffer.byteLength(text, 'utf8')
      total += head.length + bodyLength(inner ? inner.head.length + bodyLength(bytes) : bytes)
    }
    refuseOversize(total, maxBytes, packageName)
  }

  return preparedWith(packageName, () => {
    session.seals += ready.length
    const ivs = freshIvs(inner ? 2 * ready.length : ready.length)
    let used = 0
    const iv = (): Buffer => ivs.subarray(used++ * ivBytes, used * ivBytes)
    for (const { holder, key, head, text } of ready) {
      const plaintext = Buffer.from(text, 'utf8')
      try {
        const sealed = inner
          ? Buffer.from(sealCompact(inner.key, inner.head, iv(), plaintext), 'latin1')
          : plaintext
        holder[key] = sealCompact(response, head, iv(), sealed)
      } finally {
        // It may lie in Node's pool of buffers, where the next one to allocate could read it.
        plaintext.fill(0)
      }
    }
    return copy
  })
}

/** A ticket for a device that has none; an answer does not fail for the want of one. */
const ticketFor = async (
  { tickets, now, timeout }: Settings,
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

/** A payload's copy and what is to be sealed of it. */
interface TakenOut {
  readonly copy: unknown
  /** The copy, where it can carry a ticket. */
  readonly root?: Record<string, unknown>
  readonly values: readonly SealItem[]
}

/**
 * Encodes all values of a payload: one for each declared place, or one bundle. Everything that can fail by the payload
 * fails here.
 *
 * @throws GlassineError `ERR_FIELD_MISSING`, `ERR_VALUE_INVALID`, `ERR_ALREADY_ENCRYPTED`, `ERR_OPTION_INVALID`
 */
const takenOut = (
  { bundleMember, padding }: Settings,
  payload: unknown,
  policy: FieldPolicy,
  { partial }: EnvelopeOptions,
): TakenOut => {
  refuseDeclared(policy)
  // Where the ticket goes must be free.
  if (isPlainObject(payload) && Object.hasOwn(payload, sessionMember) && payload[sessionMember] !== undefined)
    throw fault(recognises(payload[sessionMember]) ? 'ERR_ALREADY_ENCRYPTED' : 'ERR_VALUE_INVALID', {
      path: `/${sessionMember}`,
    })
  const shape = { packageName, bundleMember, partial, isSealed: recognises }
  const { copy, items } = plaintextsOf(policy, payload, shape)
  return {
    copy,
    root: isPlainObject(copy) ? copy : undefined,
    values:
      padding === undefined ? items : items.map((item) => ({ ...item, text: padded(item.text, padding) })),
  }
}

/** Spaces behind a JSON text change nothing in it: with them a ciphertext tells its length by steps only. */
const padded = (json: string, bucket: number): string => {
  const over = Buffer.byteLength(json, 'utf8') % bucket
  return over === 0 ? json : json + ' '.repeat(bucket - over)
}
