import {
  type FieldPolicy,
  isPlainObject,
  type Json,
  type OpenOptions,
  type Prepared,
  placesOf,
} from '@glassine/core'
import { bundleHolder, putBack, refuseClear } from '@glassine/core/bundle'
import { keyMember } from '@glassine/core/session'
import { decryptFailed, fault, from } from '../errors.ts'
import { looksLikeJwe } from '../jwe/compact.ts'
import { spendOnce } from '../replay.ts'
import type { Session } from '../session/session.ts'
import type { Settings } from '../settings.ts'
import { refuseDeclared } from './declared.ts'
import { numbered } from './numbered.ts'
import { type CheckedToken, checkTokens, decodePlaintext, openToken, type Token } from './open-tokens.ts'
import { preparedWith } from './prepared.ts'
import { recognises } from './recognises.ts'
import { replyOf } from './reply.ts'

/** What a payload holds that is to be opened: tokens with their places, and what to do with the values. */
interface Found {
  readonly copy: unknown
  readonly tokens: readonly Token[]
  /** Puts the opened plaintexts in their places. */
  readonly put: (open: (at: number) => Buffer) => void
}

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
    return preparedWith(() => undefined, replyOf(settings, session, number))
  }
  const found =
    settings.bundleMember === undefined
      ? fieldsIn(payload, policy, options)
      : bundleIn(payload, policy, options, settings.bundleMember)
  const { copy, tokens, put } = found
  const text = takeCarrier(copy, header)
  // A part of a document without any declared field needs no keys, and gets none to answer under.
  if (tokens.length === 0 && options.partial && text === undefined) return preparedWith(() => copy)

  const session = await settings.sessions.open(carried(text), options)
  if (tokens.length === 0) return preparedWith(() => copy, replyOf(settings, session, number))
  const { jti, checked } = checkTokens(session.keys, settings.contextOf(options, policy.model), tokens)
  // In the header anybody can change it; beside fields, which bring their own, it could only lie.
  if (number !== undefined && number !== jti) throw decryptFailed()
  await spend(settings, session, jti, checked, options)
  return preparedWith(
    () => {
      // One that fails ends the payload: the copy with what was opened before it goes nowhere.
      put((at) => openToken(session.keys.request, checked[at]!))
      return copy
    },
    replyOf(settings, session, jti),
  )
}

const fieldsIn = (payload: unknown, policy: FieldPolicy, { partial }: OpenOptions): Found => {
  const absent = partial ? 'ignore' : 'error'
  const { copy, places } = placesOf(policy, payload, { from, statusCode: 400, absent })
  const tokens = places.map(({ field, pointer, value }) => {
    if (!looksLikeJwe(value)) throw fault('ERR_FIELD_NOT_ENCRYPTED', { path: field.path })
    return { text: value, pointer }
  })
  const put: Found['put'] = (open) => {
    for (const [at, { holder, key }] of places.entries()) holder[key] = inTheClear(decodePlaintext(open(at)))
  }
  return { copy, tokens, put }
}

const bundleIn = (
  payload: unknown,
  policy: FieldPolicy,
  { partial }: OpenOptions,
  bundleMember: string,
): Found => {
  const at = { from, statusCode: 400 } as const
  const emptied = placesOf(policy, payload, { ...at, absent: partial ? 'ignore' : 'collect' })
  const { copy, places } = emptied
  const holder = bundleHolder(copy, bundleMember, policy, at)
  refuseClear(places, from)
  const text = Object.hasOwn(holder, bundleMember) ? holder[bundleMember] : undefined
  const pointer = `/${bundleMember}`
  if (text === undefined) {
    // Placeholders without a bundle are fields whose ciphertext somebody took away.
    if (partial && places.length === 0) return { copy, tokens: [], put: () => {} }
    throw fault('ERR_FIELD_MISSING', { path: pointer })
  }
  if (!looksLikeJwe(text)) throw fault('ERR_FIELD_NOT_ENCRYPTED', { path: pointer })
  const put: Found['put'] = (open) => {
    const members = decodePlaintext(open(0))
    if (!isPlainObject(members)) throw decryptFailed()
    for (const value of Object.values(members)) inTheClear(value as Json)
    delete holder[bundleMember]
    putBack(members as Parameters<typeof putBack>[0], emptied, policy, from)
  }
  return { copy, tokens: [{ text, pointer }], put }
}

/** A value that looks sealed could be stored, but sealed in no answer: whoever asks for it would get an error. */
const inTheClear = (value: Json): Json => {
  if (recognises(value)) throw decryptFailed()
  return value
}

/** What carries the session's keys, taken out of the body; a request that has it twice means two sessions. */
const takeCarrier = (copy: unknown, header: unknown): unknown => {
  if (!isPlainObject(copy) || !Object.hasOwn(copy, keyMember)) return header
  const text = copy[keyMember]
  delete copy[keyMember]
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
