import type { FieldPolicy, Json, OpenOptions, Prepared } from '@glassine/core'
import {
  bundleOfOtherPayload,
  ciphertextsOf,
  isGlassineError,
  isPlainObject,
  plaintextDepth,
  preparedWith,
  type SessionContext,
  sessionMember,
} from '@glassine/core/internal'
import { decodePlaintext } from '@glassine/keys/internal'
import type { CheckedEnvelopeOptions } from '../envelope-options.ts'
import { decryptFailed, fault, packageName } from '../errors.ts'
import { looksLikeJwe } from '../jwe/compact.ts'
import { idOfJti, idOfRid, ridLife, spendOnce } from '../replay.ts'
import type { Session } from '../session/key-set.ts'
import { contextHash } from './context.ts'
import { recognises, refuseDeclared, withProof } from './recognise.ts'
import { replyOf } from './reply.ts'
import { type CheckedTokens, checkTokens, type FieldToken, openToken } from './tokens.ts'

/** The first phase of decryption: checks all headers and opens the session. */
export const prepareOpen = async (
  options: CheckedEnvelopeOptions,
  payload: unknown,
  policy: FieldPolicy,
  invocation: OpenOptions,
): Promise<Prepared> => {
  refuseDeclared(policy)
  const { bundleMember } = options
  const { partial, resource, sender, binding } = invocation
  const [header, proof] = withProof(invocation.sessionHeader)
  const { copy, items, members, put } =
    payload === undefined ? nothing : ciphertextsOf(policy, payload, { packageName, bundleMember, partial })
  const tokens = items.map(({ pointer, path, value }): FieldToken => {
    if (!looksLikeJwe(value)) throw fault('ERR_FIELD_NOT_ENCRYPTED', { path })
    return { text: value, pointer, path }
  })
  const session = await options.sessions.open(requiredToken(extractToken(copy, header)), invocation)

  // Exactly one of the two: a proof states that there is no encrypted value.
  if ((tokens.length === 0) !== (proof !== undefined))
    throw decryptFailed(
      proof === undefined
        ? 'no value is encrypted, and there is no proof'
        : 'there are encrypted values and a proof',
    )
  if (proof !== undefined && !looksLikeJwe(proof)) throw decryptFailed('the proof is not a JWE')
  const context: SessionContext = {
    direction: 'request',
    sender,
    count: tokens.length,
    resource,
    model: policy.model,
    members,
    binding,
  }
  const found = checkTokens(
    session.keys,
    contextHash(context),
    proof === undefined ? tokens : [{ text: proof, pointer: '' }],
    context,
  )
  await spend(options, session, found, invocation)
  const reply = replyOf(options, session, found.jti)
  if (proof !== undefined) {
    openToken(session.keys.request, found.checked[0]!).fill(0)
    return preparedWith(packageName, () => copy, { reply })
  }
  return preparedWith(
    packageName,
    () => {
      // If one value fails, the whole payload does: the values before it never leave.
      const values = found.checked.map((token) =>
        decodePlaintext(openToken(session.keys.request, token), packageName, plaintextDepth(bundleMember)),
      )
      for (const value of bundleMember === undefined ? values : values.flatMap(membersOf)) refuseSealed(value)
      try {
        return put(values)
      } catch (error) {
        // Only a bundle is refused here.
        throw isGlassineError(error) && error.code === 'ERR_DECRYPT_FAILED'
          ? decryptFailed(bundleOfOtherPayload)
          : error
      }
    },
    { reply },
  )
}

/** The content of a request without a body. */
const nothing = { copy: undefined, items: [], members: [], put: () => undefined } as const

/** The values in a bundle. Anything but an object has none here; `put` refuses it. */
const membersOf = (bundle: Json): Json[] => (isPlainObject(bundle) ? (Object.values(bundle) as Json[]) : [])

/** A plaintext that looks encrypted could be stored, but never returned: encrypting it for a response would fail. */
const refuseSealed = (value: Json): void => {
  if (recognises(value)) throw decryptFailed('a decrypted value looks encrypted itself')
}

/** Takes the session token out of the body. In the body and in the header, it would name two sessions. */
const extractToken = (copy: unknown, header: unknown): unknown => {
  if (!isPlainObject(copy) || !Object.hasOwn(copy, sessionMember)) return header
  const text = copy[sessionMember]
  delete copy[sessionMember]
  if (header !== undefined) throw decryptFailed('there are session keys in the body and in the header')
  return text
}

const requiredToken = (text: unknown): string => {
  if (text === undefined) throw fault('ERR_SESSION_MISSING')
  if (!looksLikeJwe(text)) throw decryptFailed('the session keys are not a JWE')
  return text
}

/**
 * Spends the request's id in the replay store. The first value is decrypted before, or a forger could spend any id.
 *
 * @throws GlassineError `ERR_REPLAYED`, `ERR_KEY_UNAVAILABLE`, `ERR_DECRYPT_FAILED`
 */
const spend = async (
  { replay, replayReads, now }: CheckedEnvelopeOptions,
  { keys, audience, expires }: Session,
  { jti, rid, checked }: CheckedTokens,
  { resource, sender = '', deadline }: OpenOptions,
): Promise<void> => {
  if (replay === undefined) {
    // A device that may send a request twice relies on the store.
    if (rid !== undefined)
      throw fault('ERR_DECRYPT_FAILED', { reason: 'a request that may be sent twice needs a replay store' })
    return
  }
  const isRead = resource?.method === 'GET' || resource?.method === 'HEAD'
  if (isRead && rid === undefined && !replayReads) return
  openToken(keys.request, checked[0]!).fill(0)
  if (rid === undefined) await spendOnce(replay, idOfJti(keys.request, jti), expires, { deadline })
  else await spendOnce(replay, idOfRid(audience, sender, rid), now() + ridLife, { deadline })
}
