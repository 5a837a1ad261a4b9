import type { FieldPolicy, Json, OpenOptions, Prepared } from '@glassine/core'
import { ciphertextsOf, isPlainObject, keyUse, preparedWith, sessionMember } from '@glassine/core/internal'
import { decodePlaintext, type SecretKey } from '@glassine/keys/internal'
import type { Settings } from '../envelope-options.ts'
import { decryptFailed, fault, packageName } from '../errors.ts'
import { looksLikeJwe, openCompact, readHeader } from '../jwe/compact.ts'
import { endsWell } from '../jwe/encoding.ts'
import { spendOnce } from '../replay.ts'
import type { Session, SessionKeys } from '../session/key-set.ts'
import { headsOf, isNumber, numbered, recognises, refuseDeclared } from './header.ts'
import { replyOf } from './reply.ts'

/** First phase of opening. */
export const prepareOpen = async (
  settings: Settings,
  payload: unknown,
  policy: FieldPolicy,
  options: OpenOptions,
): Promise<Prepared> => {
  refuseDeclared(policy)
  const [header, number] = numbered(options.sessionHeader)
  if (payload === undefined) {
    const session = await settings.sessions.open(carried(header), options)
    return preparedWith(packageName, () => undefined, { reply: replyOf(settings, session, number) })
  }
  const { bundleMember } = settings
  const { partial } = options
  const { copy, items, put } = ciphertextsOf(policy, payload, { packageName, bundleMember, partial })
  const tokens = items.map(({ pointer, path, value }): Token => {
    if (!looksLikeJwe(value)) throw fault('ERR_FIELD_NOT_ENCRYPTED', { path })
    return { text: value, pointer }
  })
  const text = takeCarrier(copy, header)
  // A part of a document without any declared field needs no keys, and gets none to answer under.
  if (tokens.length === 0 && partial && text === undefined) return preparedWith(packageName, () => copy)

  const session = await settings.sessions.open(carried(text), options)
  if (tokens.length === 0)
    return preparedWith(packageName, () => copy, { reply: replyOf(settings, session, number) })
  const { jti, checked } = checkTokens(session.keys, settings.contextOf(options, policy.model), tokens)
  // In the header anybody can change it; beside fields, which bring their own, it could only lie.
  if (number !== undefined && number !== jti) throw decryptFailed()
  await spend(settings, session, jti, checked, options)
  return preparedWith(
    packageName,
    () => {
      // One that fails ends the payload: the copy with what was opened before it goes nowhere.
      const values = checked.map((token) =>
        decodePlaintext(openToken(session.keys.request, token), packageName),
      )
      for (const value of bundleMember === undefined ? values : values.flatMap(membersOf)) refuseSealed(value)
      return put(values)
    },
    { reply: replyOf(settings, session, jti) },
  )
}

/** The values in a bundle; what is none has no members, and is refused when it is to be put back. */
const membersOf = (bundle: Json): Json[] => (isPlainObject(bundle) ? (Object.values(bundle) as Json[]) : [])

/** A value that looks sealed could be stored, but sealed in no answer: whoever asks for it would get an error. */
const refuseSealed = (value: Json): void => {
  if (recognises(value)) throw decryptFailed()
}

/** What carries the session's keys, taken out of the body; a request that has it twice means two sessions. */
const takeCarrier = (copy: unknown, header: unknown): unknown => {
  if (!isPlainObject(copy) || !Object.hasOwn(copy, sessionMember)) return header
  const text = copy[sessionMember]
  delete copy[sessionMember]
  if (header !== undefined) throw decryptFailed()
  return text
}

const carried = (text: unknown): string => {
  if (text === undefined) throw fault('ERR_SESSION_MISSING')
  if (!looksLikeJwe(text)) throw decryptFailed()
  return text
}

/** Where a replay store is given: the first field is opened before its `jti` is spent, or anybody could spend it. */
const spend = async (
  { replay }: Settings,
  { keys, expires }: Session,
  jti: string,
  [first]: readonly CheckedToken[],
  options: OpenOptions,
): Promise<void> => {
  if (replay === undefined) return
  openToken(keys.request, first!).fill(0)
  await spendOnce(replay, keys.request, jti, expires, options)
}

/** A field's token, a compact JWE by its look, and the place where it stands. */
interface Token {
  readonly text: string
  readonly pointer: string
}

/** A field's token whose header was checked, and how long that header is. */
interface CheckedToken {
  readonly text: string
  readonly headLength: number
}

/**
 * Checks the headers of all sealed fields of a payload: sealed for the request key of this session, the same route,
 * model and binding, the place where each stands, and all with one `jti`, so that fields of two payloads of one
 * session cannot be mixed.
 *
 * @throws GlassineError `ERR_DECRYPT_FAILED`
 */
const checkTokens = (
  { sid }: SessionKeys,
  ctx: string,
  tokens: readonly Token[],
): { readonly jti: string; readonly checked: readonly CheckedToken[] } => {
  const kid = sid + keyUse.request
  const jti = jtiOf(kid, ctx, tokens[0]!)
  const heads = headsOf(kid, ctx, jti)
  const checked = tokens.map(({ text, pointer }) => {
    const expected = heads(pointer)
    // Most devices write the header as we do, and then nothing needs to be parsed.
    const isOurs = text.startsWith(expected) && text[expected.length] === '.'
    const headLength = isOurs ? expected.length : text.indexOf('.')
    if (!isOurs) {
      const { alg, kid: of, p, ctx: bound, jti: same } = readHeader(text.slice(0, headLength))
      if (alg !== 'dir' || of !== kid || p !== pointer || bound !== ctx || same !== jti) throw decryptFailed()
    }
    // No encrypted key where the key is used directly.
    if (text[headLength + 1] !== '.') throw decryptFailed()
    return { text, headLength }
  })
  return { jti, checked }
}

/** The number of a payload, out of its first token. */
const jtiOf = (kid: string, ctx: string, { text, pointer }: Token): string => {
  const head = headOf(text)
  // Where the header is written as we do, the number stands at its end, and nothing needs to be parsed.
  const last = Buffer.from(head, 'base64url').toString('latin1').slice(-24, -2)
  if (isNumber(last) && headsOf(kid, ctx, last)(pointer) === head) return last
  const { jti } = readHeader(head)
  if (!isNumber(jti)) throw decryptFailed()
  return jti
}

const headOf = (text: string): string => text.slice(0, text.indexOf('.'))

/**
 * The bytes of a field's value. The caller zeroes them.
 *
 * @throws GlassineError `ERR_DECRYPT_FAILED`
 */
const openToken = (key: SecretKey, { text, headLength }: CheckedToken): Buffer => {
  // Behind the header: two dots, 16 characters of IV, a dot, the ciphertext, a dot, and 22 of the tag.
  const ciphertext = text.slice(headLength + 19, -23)
  if (!endsWell(ciphertext)) throw decryptFailed()
  return openCompact(key, {
    head: text.slice(0, headLength),
    iv: Buffer.from(text.slice(headLength + 2, headLength + 18), 'base64url'),
    ciphertext: Buffer.from(ciphertext, 'base64url'),
    tag: Buffer.from(text.slice(-22), 'base64url'),
  })
}
