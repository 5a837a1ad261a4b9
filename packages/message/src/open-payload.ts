import { decodeValue, type EnvelopeOptions, type FieldPolicy, type Json, type Prepared } from '@glassine/core'
import {
  ciphertextsOf,
  isGlassineError,
  type Lease,
  type OpenItem,
  plaintextDepth,
  preparedWith,
} from '@glassine/core/internal'
import type { DataKey, KeyMaterial } from '@glassine/keys'
import { plaintextText } from '@glassine/keys/internal'
import type { MessageContext } from './contexts.ts'
import { type CheckedEnvelopeOptions, contextFor } from './envelope-options.ts'
import { decryptFailed, fault, packageName } from './errors.ts'
import { decodeMessage, isMessageText, looksLikeMessage } from './header.ts'
import { openMessage } from './message.ts'
import { acquireKeys, PayloadCalls, tooManyKeys, WantedKey } from './payload-keys.ts'
import { bundleRefusal, checkFields, digestOf, plaintextReader, refuseUnbound } from './payload-set.ts'
import type { ReadMessage } from './reader.ts'

interface Sealed extends Pick<OpenItem, 'pointer' | 'record'> {
  readonly message: ReadMessage
  readonly context: MessageContext
  /** The index of the key that opens it. */
  readonly key: number
}

/** First phase of opening. */
export const prepareOpen = async (
  options: CheckedEnvelopeOptions,
  payload: unknown,
  policy: FieldPolicy,
  invocation: EnvelopeOptions,
): Promise<Prepared> => {
  const {
    keys: material,
    reader,
    bindFields,
    bundleMember,
    values,
    limits,
    budget,
    maxKeysPerPayload,
  } = options
  const { partial } = invocation
  checkFields(bindFields, policy)
  const shared = contextFor(options, policy.model, invocation)
  const shaped = ciphertextsOf(policy, payload, {
    packageName,
    bundleMember,
    partial,
    holdsRecord: bindFields !== false,
    isSealed: (value) => looksLikeMessage(value, limits),
  })
  const { items, put, members } = shaped
  if (items.length === 0) {
    refuseUnbound(policy, partial)
    return preparedWith(packageName, () => put([]))
  }
  // Before any key is requested, and while the copy still is what was found.
  const isBound = bindFields !== false && bundleMember === undefined
  const digest = isBound ? digestOf(bindFields, policy, shaped, 400) : undefined

  // Contexts are compared first: a message of another tenant, use or model never causes a KMS call.
  const calls = new PayloadCalls(maxKeysPerPayload, budget(invocation))
  const messages = readItems(options, policy, items, shared, invocation, calls)
  const { sealed } = messages
  const proven = await provenKeys(material, messages, items).catch((error: unknown) => {
    throw counted(error, calls)
  })
  // A bundle contains its own pointers, and these put it back.
  const read = isBound ? plaintextReader(bindFields, items.length, digest) : undefined
  const levels = plaintextDepth(bundleMember)
  return preparedWith(
    packageName,
    () => {
      // One failure ends the payload: the partly decrypted copy is discarded.
      let payload: unknown
      let at = 0
      let value: Json = null
      try {
        payload = put(
          sealed.map((one, index): Json => {
            at = index
            const plaintext =
              proven.plaintexts[at] ??
              openMessage(one.message, proven.keys[one.key]!.bytes, one.context.unstored)
            const text = plaintextText(plaintext, packageName)
            value = read ? read(text, one) : values === 'text' ? text : decodedText(text, levels)
            return value
          }),
        )
      } catch (error) {
        throw counted(
          atField(error, items[at]!, () => bundleRefusal(value, members)),
          calls,
        )
      }
      for (const { message } of sealed) reader.remember(message)
      return payload
    },
    { leases: [proven] },
  )
}

/** The keys of a payload, and the plaintexts that they were proven by, at the index of the message. */
interface ProvenKeys extends Lease {
  readonly keys: readonly DataKey[]
  readonly plaintexts: readonly (Buffer | undefined)[]
}

/** Acquires all keys of a payload. Each key that was fetched opens its first message before it is used or cached. */
const provenKeys = async (
  material: KeyMaterial,
  { sealed, wanted, firstOf }: Messages,
  items: readonly OpenItem[],
): Promise<ProvenKeys> => {
  const keys: DataKey[] = []
  const plaintexts: (Buffer | undefined)[] = []
  const release = (): void => {
    for (const key of keys) key?.release()
    for (const plaintext of plaintexts) plaintext?.fill(0)
  }
  try {
    await acquireKeys(material, wanted, keys, (at, key) => {
      const place = firstOf[at]!
      const { message, context } = sealed[place]!
      try {
        plaintexts[place] = openMessage(message, key.bytes, context.unstored)
      } catch (error) {
        throw atField(error, items[place]!)
      }
    })
    return { keys, plaintexts, release }
  } catch (error) {
    release()
    throw error
  }
}

/** Counts an error against the budget of the sender, if it refuses what he sent. */
const counted = (error: unknown, calls: PayloadCalls): unknown => {
  if (isGlassineError(error) && error.code === 'ERR_DECRYPT_FAILED') calls.refused()
  return error
}

/** An error with the template path of the field, which only the operator reads; and with a reason if it has none. */
const atField = (error: unknown, { path }: OpenItem, reasonOf?: () => string): unknown => {
  if (!isGlassineError(error) || error.code !== 'ERR_DECRYPT_FAILED') return error
  const { cause } = error
  return fault('ERR_DECRYPT_FAILED', { ...cause, path, reason: cause.reason ?? reasonOf?.() })
}

const decodedText = (text: string, levels: number): Json => {
  try {
    return decodeValue(text, levels)
  } catch {
    // V8 quotes the text in its SyntaxError.
    throw decryptFailed('the plaintext is not JSON')
  }
}

interface Messages {
  readonly sealed: readonly Sealed[]
  /** The keys that they need, each once. */
  readonly wanted: readonly WantedKey[]
  /** For each key the first of the messages under it. */
  readonly firstOf: readonly number[]
}

/** Reads all messages, checks their contexts, and finds out which keys they need. Each key is requested once. */
const readItems = (
  options: CheckedEnvelopeOptions,
  { model }: FieldPolicy,
  items: readonly OpenItem[],
  shared: MessageContext,
  invocation: EnvelopeOptions,
  calls: PayloadCalls,
): Messages => {
  const { reader, limits, fieldContext, maxKeysPerPayload } = options
  const sealed: Sealed[] = []
  const wanted: WantedKey[] = []
  const firstOf: number[] = []
  const keyOf = new Map<string, number>()
  const read = ({ pointer, path, value, record }: OpenItem): void => {
    if (!isMessageText(value)) throw fault('ERR_FIELD_NOT_ENCRYPTED', { path })
    const message = reader.read(decodeMessage(value), limits)
    const context = fieldContext ? contextFor(options, model, invocation, pointer) : shared
    // Equal headers have equal contexts, so the header alone identifies the key.
    let key = keyOf.get(message.header.id)
    if (key === undefined || fieldContext) {
      const one = new WantedKey(calls, (unproven) =>
        reader.keyRequest(message.header, context, invocation, unproven),
      )
      if (key === undefined) {
        key = wanted.push(one) - 1
        firstOf.push(sealed.length)
      }
      if (wanted.length > maxKeysPerPayload) throw tooManyKeys()
      keyOf.set(message.header.id, key)
    }
    sealed.push({ pointer, record, message, context, key })
  }
  for (const item of items) {
    try {
      read(item)
    } catch (error) {
      throw atField(error, item)
    }
  }
  return { sealed, wanted, firstOf }
}
