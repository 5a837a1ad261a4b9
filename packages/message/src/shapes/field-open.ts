import {
  type EnvelopeOptions,
  type FieldPolicy,
  type Json,
  type Place,
  type Prepared,
  placesOf,
} from '@glassine/core'
import type { DataKey, DecryptionKeyRequest } from '@glassine/keys'
import type { MessageContext } from '../contexts.ts'
import { decryptFailed, fault, from, uniform } from '../errors.ts'
import { openMessage } from '../open.ts'
import { borrowAll, preparedWith } from '../prepared.ts'
import type { ReadMessage } from '../reader.ts'
import { contextFor, type Settings } from '../settings.ts'
import { decodeMessage, isMessageText } from '../text.ts'
import { decodeMembers, decodePlaintext } from './values.ts'

/** More different data keys than this in one payload are refused: each may cost a call of KMS. */
export const maxKeysPerPayload = 1_000

interface SealedPlace {
  readonly place: Place
  readonly message: ReadMessage
  readonly context: MessageContext
  /** Which of the payload's keys opens it. */
  readonly key: number
}

/** First phase of opening in the field shape. */
export const prepareOpenFields = async (
  settings: Settings,
  payload: unknown,
  policy: FieldPolicy,
  options: EnvelopeOptions,
): Promise<Prepared> => {
  const { keys: material, bindFields } = settings
  const { binding, partial } = options
  const shared = contextFor(settings, policy.model, binding)
  const absent = partial ? 'ignore' : 'error'
  const { copy, places } = placesOf(policy, payload, { from, statusCode: 400, absent })
  if (places.length === 0) return preparedWith([], () => copy)

  // Contexts are compared first: a message of another tenant or model never costs a call of KMS.
  const { sealed, requests } = readPlaces(settings, policy, places, shared, options)
  const keys: readonly DataKey[] = await borrowAll(
    requests,
    (request) => material.decryptionKey(request).catch(uniform),
    (key) => key,
  )
  return preparedWith(keys, () => {
    // One that fails ends the payload: the copy with what was opened before it goes nowhere.
    for (const { place, message, context, key } of sealed) {
      const plaintext = openMessage(message, keys[key]!.bytes, context.unstored)
      place.holder[place.key] = bindFields ? valueFor(place.pointer, plaintext) : decodePlaintext(plaintext)
    }
    return copy
  })
}

/** Reads all messages, checks their contexts, and finds out which keys they need: each is asked for once. */
const readPlaces = (
  settings: Settings,
  { model }: FieldPolicy,
  places: readonly Place[],
  shared: MessageContext,
  options: EnvelopeOptions,
): { readonly sealed: readonly SealedPlace[]; readonly requests: readonly DecryptionKeyRequest[] } => {
  const { reader, limits, fieldContext } = settings
  const sealed: SealedPlace[] = []
  const requests: DecryptionKeyRequest[] = []
  const keyOf = new Map<string, number>()
  for (const place of places) {
    if (!isMessageText(place.value)) throw fault('ERR_FIELD_NOT_ENCRYPTED', { path: place.field.path })
    const message = reader.read(decodeMessage(place.value), limits)
    const context = fieldContext ? contextFor(settings, model, options.binding, place.pointer) : shared
    // Equal headers have equal contexts, so the header alone says which key it is.
    let key = keyOf.get(message.header.id)
    if (key === undefined || fieldContext) {
      const request = reader.keyRequest(message.header, context, options)
      key ??= requests.push(request) - 1
      if (requests.length > maxKeysPerPayload)
        throw fault('ERR_TOO_LARGE', {
          message: 'The payload is under more data keys than are fetched for one',
          statusCode: 400,
        })
      keyOf.set(message.header.id, key)
    }
    sealed.push({ place, message, context, key })
  }
  return { sealed, requests }
}

/** The value in a message's plaintext, which must be bound to the place where the message stood, and to no other. */
const valueFor = (pointer: string, plaintext: Buffer): Json => {
  const members = decodeMembers(plaintext)
  const [found, ...others] = Object.keys(members)
  if (found !== pointer || others.length > 0) throw decryptFailed()
  return members[pointer]!
}
