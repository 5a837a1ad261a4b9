import type { GlassineError } from '@glassine/core'
import {
  fieldContextKey,
  isGlassineError,
  isPlainObject,
  isUnavailable,
  modelContextKey,
  type RecordPair,
  recordText,
  useContextKey,
} from '@glassine/core/internal'
import { serialiseContext } from '@glassine/keys/internal'
import {
  type CheckedEnvelopeOptions,
  contextFor,
  decodeMessage,
  digestOf,
  type MessageContext,
  openMessage,
  type ReadMessage,
} from '@glassine/message/internal'
import { type Comparison, compare, notNow } from './comparison.ts'
import type { SealedPlace, Subject } from './subject.ts'

type Pairs = Readonly<Record<string, string>>

/** Compares the messages of a payload with what the service expects of them. */
export const compareMessages = async (
  checked: CheckedEnvelopeOptions,
  subject: Subject,
): Promise<Comparison[]> => {
  // What has been asked of KMS is not asked again for the next field.
  const keys = new Map<string, Promise<Buffer | Comparison>>()
  const sets = new Set<string>()
  const comparisons: Comparison[] = []
  try {
    for (const place of subject.sealed.places)
      comparisons.push(...(await compareMessage(checked, subject, place, keys, sets)))
  } finally {
    for (const key of keys.values()) {
      const bytes = await key
      if (Buffer.isBuffer(bytes)) bytes.fill(0)
    }
  }
  return sets.size > 1
    ? [...comparisons, compare('set', `values of ${sets.size} payloads`, 'values of one payload')]
    : comparisons
}

const compareMessage = async (
  checked: CheckedEnvelopeOptions,
  subject: Subject,
  place: SealedPlace,
  keys: Map<string, Promise<Buffer | Comparison>>,
  sets: Set<string>,
): Promise<Comparison[]> => {
  const expected = contextFor(checked, subject.policy.model, subject.options, place.pointer ?? '')
  let message: ReadMessage
  try {
    message = checked.reader.read(decodeMessage(place.text), checked.limits)
  } catch {
    return [compare('format', 'no header that can be read', 'a whole message', named(place))]
  }
  const comparisons = contexts(message.header.stored, expected.stored.pairs, place)
  const own = message.header.storedId === expected.stored.id ? expected : ownContext(message, expected)
  const key = await (keys.get(message.header.id) ?? keyOf(checked, message, own, subject, keys))
  if (!Buffer.isBuffer(key)) return [...comparisons, key]
  const text = opened(message, key, own)
  if (text === undefined)
    return [...comparisons, compare('contents', notAuthentic(checked), 'authentic', named(place))]
  return [
    ...comparisons,
    compare('contents', 'authentic', 'authentic'),
    ...plaintexts(text, place, checked, subject, sets),
  ]
}

const named = ({ pointer }: SealedPlace) => (pointer === undefined ? {} : { name: pointer })

const subjectOf: Readonly<Record<string, 'use' | 'model' | 'place'>> = {
  [useContextKey]: 'use',
  [modelContextKey]: 'model',
  [fieldContextKey]: 'place',
}

/** Compares the encryption contexts, pair by pair. They are readable in the message, and in CloudTrail. */
const contexts = (stored: Pairs, expected: Pairs, place: SealedPlace): Comparison[] =>
  [...new Set([...Object.keys(expected), ...Object.keys(stored)])].map((name) => {
    const what = Object.hasOwn(subjectOf, name) ? subjectOf[name]! : 'binding'
    const rest = what === 'binding' ? { name } : what === 'place' ? named(place) : {}
    return compare(what, stored[name] ?? null, expected[name] ?? null, rest)
  })

/** The context that the message brings, with the expected pairs that it does not store. */
const ownContext = ({ header }: ReadMessage, { full, stored, unstored }: MessageContext): MessageContext => {
  const missing = Object.entries(full.pairs).filter(([name]) => !Object.hasOwn(stored.pairs, name))
  return {
    full: serialiseContext({ ...header.stored, ...Object.fromEntries(missing) }),
    stored: serialiseContext(header.stored),
    unstored,
  }
}

/** The data key, or what is to be said of it. */
const keyOf = (
  { keys, reader }: CheckedEnvelopeOptions,
  { header }: ReadMessage,
  context: MessageContext,
  { options }: Subject,
  known: Map<string, Promise<Buffer | Comparison>>,
): Promise<Buffer | Comparison> => {
  const wrapped = header.encryptedDataKeys.map(({ providerId, providerInfo }) =>
    // Of others the provider info holds more than a name.
    providerId.startsWith('aws-kms') ? `${providerId} ${Buffer.from(providerInfo).toString()}` : providerId,
  )
  const asked = async (): Promise<Buffer | Comparison> => {
    try {
      const key = await keys.decryptionKey(reader.keyRequest(header, context, options))
      const copy = Buffer.from(key.bytes)
      key.release()
      return copy
    } catch (error) {
      const expected = isUnavailable(error) ? notNow : 'a key that this service may use'
      return compare('key', wrapped.join(' or '), `${expected} (${reasonOf(error)})`)
    }
  }
  const key = asked()
  known.set(header.id, key)
  return key
}

const reasonOf = (error: unknown): string => {
  if (!isGlassineError(error)) return 'the keyring failed'
  const { code, cause } = error as GlassineError
  return [code, cause.reason].filter((part) => part !== undefined).join(': ')
}

const notAuthentic = ({ required }: CheckedEnvelopeOptions): string =>
  required.length === 0
    ? 'changed, or cut off'
    : `changed, or bound to another value of ${required.join(', ')}, which the message does not store`

const opened = (message: ReadMessage, key: Buffer, { unstored }: MessageContext): string | undefined => {
  let plaintext: Buffer | undefined
  try {
    plaintext = openMessage(message, key, unstored)
    return plaintext.toString()
  } catch {
    return undefined
  } finally {
    plaintext?.fill(0)
  }
}

/** Compares what a plaintext says of its place, record and set. Its values are looked at nowhere. */
const plaintexts = (
  text: string,
  place: SealedPlace,
  checked: CheckedEnvelopeOptions,
  { sealed, options, policy }: Subject,
  sets: Set<string>,
): Comparison[] => {
  if (checked.bindFields === false) return []
  const members = objectIn(text)
  if (members === undefined)
    return [
      compare('format', 'a bare value, as other libraries write it', 'a value with its place', named(place)),
    ]
  const isBundle = checked.bundleMember !== undefined
  const record = isBundle ? sealed.members : (place.record ?? [])
  const names = Object.keys(members).filter((name) => name.startsWith('/'))
  const comparisons = records(members, record)
  const rest = names.filter((name) => !record.some(({ pointer }) => pointer === name))
  if (isBundle) {
    comparisons.push(
      ...rest.map((name) => compare('place', name, sealed.declared.includes(name) ? name : null)),
      ...(options.partial ? [] : sealed.required)
        .filter((name) => !names.includes(name))
        .map((name) => compare('place', null, name)),
    )
    return comparisons
  }
  // The own pointer is the last one; those before it are authenticated members.
  const own = place.pointer !== undefined && rest.includes(place.pointer) ? place.pointer : rest.at(-1)
  comparisons.push(compare('place', own ?? null, place.pointer ?? own ?? null, named(place)))
  // Of a ciphertext alone neither record nor set is known.
  if (place.record === undefined) return comparisons
  comparisons.push(
    ...rest
      .filter((name) => name !== own)
      .map((name) => compare('record', 'bound', 'absent from the payload or not declared', { name })),
  )
  const { set } = members
  const isSet = Array.isArray(set)
  if (checked.bindFields === 'place' ? isSet : !isSet)
    return [...comparisons, compare('set', isSet ? 'bound' : null, isSet ? null : 'bound')]
  if (!isSet) return comparisons
  sets.add(String(set[0]))
  const count = sealed.places.length
  comparisons.push(compare('set', `one value of ${String(Number(set[1]))}`, `one value of ${count}`))
  const items = sealed.places.map((one) => ({ record: one.record ?? [] }))
  const digest = digestOf('set', policy, { copy: sealed.payload, items, members: sealed.members }, 400)
  if (set[2] !== digest)
    comparisons.push(
      compare('set', 'other parts without an encrypted value', 'the ids and lists in the payload'),
    )
  return comparisons
}

const objectIn = (text: string): Record<string, unknown> | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return isPlainObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

const records = (members: Record<string, unknown>, record: readonly RecordPair[]): Comparison[] =>
  record.map(({ pointer, text }) => {
    const bound = Object.hasOwn(members, pointer)
    const isSame = bound && recordText(members[pointer]) === text
    // Authenticated members are readable, but they are values: only whether they agree is shown.
    return compare(
      'record',
      isSame ? 'the value in the payload' : bound ? 'another value' : null,
      'the value in the payload',
      { name: pointer },
    )
  })
