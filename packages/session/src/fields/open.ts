import type { FieldPolicy, Json, OpenOptions, Prepared } from '@glassine/core'
import { ciphertextsOf, isPlainObject, preparedWith, sessionMember } from '@glassine/core/internal'
import { decodePlaintext } from '@glassine/keys/internal'
import { decryptFailed, fault, packageName } from '../errors.ts'
import { looksLikeJwe } from '../jwe/compact.ts'
import { spendOnce } from '../replay.ts'
import type { Session } from '../session/session.ts'
import type { Settings } from '../settings.ts'
import { refuseDeclared } from './declared.ts'
import { numbered } from './numbered.ts'
import { type CheckedToken, checkTokens, openToken, type Token } from './open-tokens.ts'
import { recognises } from './recognises.ts'
import { replyOf } from './reply.ts'

/** First phase of opening. */
export const prepareOpen = async (
  settings: Settings,
  payload: unknown,
  policy: FieldPolicy,
  options: OpenOptions,
): Promise<Prepared> => {
  refuseDeclared(policy)
  const [header, number] = numbered(options.header)
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
