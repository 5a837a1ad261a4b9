import type { EnvelopeOptions, FieldPolicy, Json, Prepared } from '@glassine/core'
import {
  acquireAll,
  ciphertextsOf,
  isPlainObject,
  type OpenItem,
  preparedWith,
} from '@glassine/core/internal'
import type { DataKey, DecryptionKeyRequest } from '@glassine/keys'
import { decodePlaintext } from '@glassine/keys/internal'
import type { MessageContext } from './contexts.ts'
import { contextFor, type Settings } from './envelope-options.ts'
import { decryptFailed, fault, hideRefusal, packageName } from './errors.ts'
import { openMessage } from './open.ts'
import type { ReadMessage } from './reader.ts'
import { decodeMessage, isMessageText } from './text.ts'

/** More different data keys than this in one payload are refused: each may cost a call of KMS. */
const maxKeysPerPayload = 1_000

interface Sealed {
  readonly pointer: string
  readonly message: ReadMessage
  readonly context: MessageContext
  /** Which of the payload's keys opens it. */
  readonly key: number
}

/** First phase of opening. */
export const prepareOpen = async (
  settings: Settings,
  payload: unknown,
  policy: FieldPolicy,
  options: EnvelopeOptions,
): Promise<Prepared> => {
  const { keys: material, bindFields, bundleMember } = settings
  const { binding, partial } = options
  const shared = contextFor(settings, policy.model, binding)
  const { items, put } = ciphertextsOf(policy, payload, { packageName, bundleMember, partial })
  if (items.length === 0) return preparedWith(packageName, () => put([]))

  // Contexts are compared first: a message of another tenant or model never costs a call of KMS.
  const { sealed, requests } = readItems(settings, policy, items, shared, options)
  const keys: readonly DataKey[] = await acquireAll(
    requests,
    (request) => material.decryptionKey(request).catch(hideRefusal),
    (key) => key.release(),
  )
  // A bundle holds its pointers itself, and is put back by them.
  const holdsPointer = bindFields && bundleMember === undefined
  return preparedWith(
    packageName,
    () =>
      // One that fails ends the payload: the copy with what was opened before it goes nowhere.
      put(
        sealed.map(({ pointer, message, context, key }): Json => {
          const value = decodePlaintext(openMessage(message, keys[key]!.bytes, context.unstored), packageName)
          return holdsPointer ? valueAt(pointer, value) : value
        }),
      ),
    { leases: keys },
  )
}

/** Reads all messages, checks their contexts, and finds out which keys they need: each is asked for once. */
const readItems = (
  settings: Settings,
  { model }: FieldPolicy,
  items: readonly OpenItem[],
  shared: MessageContext,
  options: EnvelopeOptions,
): { readonly sealed: readonly Sealed[]; readonly requests: readonly DecryptionKeyRequest[] } => {
  const { reader, limits, fieldContext } = settings
  const sealed: Sealed[] = []
  const requests: DecryptionKeyRequest[] = []
  const keyOf = new Map<string, number>()
  for (const { pointer, path, value } of items) {
    if (!isMessageText(value)) throw fault('ERR_FIELD_NOT_ENCRYPTED', { path })
    const message = reader.read(decodeMessage(value), limits)
    const context = fieldContext ? contextFor(settings, model, options.binding, pointer) : shared
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
    sealed.push({ pointer, message, context, key })
  }
  return { sealed, requests }
}

/**
 * The value in a field's plaintext, an object of one member: bound to the place where the message stood, and to no
 * other.
 *
 * @throws GlassineError `ERR_DECRYPT_FAILED`
 */
const valueAt = (pointer: string, plaintext: Json): Json => {
  if (!isPlainObject(plaintext)) throw decryptFailed()
  const [found, ...others] = Object.keys(plaintext)
  if (found !== pointer || others.length > 0) throw decryptFailed()
  return plaintext[pointer] as Json
}
