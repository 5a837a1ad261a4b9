import type { EnvelopeOptions, FieldPolicy, Prepared } from '@glassine/core'
import { acquireAll, bundleEntry, plaintextsOf, preparedWith } from '@glassine/core/internal'
import { jsonBytes, refuseOversize } from '@glassine/keys/internal'
import { contextFor, type Settings } from './envelope-options.ts'
import { packageName } from './errors.ts'
import { messageLength, sealMessage } from './seal.ts'
import { base64Length, looksLikeMessage } from './text.ts'

/** First phase of sealing: everything that can fail by the payload fails here, before any key is asked for. */
export const prepareSeal = async (
  settings: Settings,
  payload: unknown,
  policy: FieldPolicy,
  options: EnvelopeOptions,
): Promise<Prepared> => {
  const { writer, writing, limits, fieldContext, bindFields, bundleMember } = settings
  const { binding, partial, maxBytes, tenant, deadline } = options
  const shared = contextFor(settings, policy.model, binding)
  const isSealed = (value: unknown): boolean => looksLikeMessage(value, limits)
  const { copy, items } = plaintextsOf(policy, payload, { packageName, bundleMember, partial, isSealed })
  if (items.length === 0) return preparedWith(packageName, () => copy)

  // A bundle holds its pointers already.
  const addsPointer = bindFields && bundleMember === undefined
  const texts = items.map(({ pointer, text }) => (addsPointer ? `{${bundleEntry(pointer, text)}}` : text))
  // One context, and so one key, for all of them; or one for each.
  const contexts = fieldContext
    ? items.map(({ pointer }) => contextFor(settings, policy.model, binding, pointer))
    : [shared]
  const lengths = texts.map((text) => Buffer.byteLength(text, 'utf8'))
  const keyAt = (at: number): number => (contexts.length === 1 ? 0 : at)
  // Measured with empty places, whose messages are then added: nothing has to be sealed to know the size.
  if (maxBytes !== undefined) for (const { holder, key } of items) holder[key] = ''
  const rest = maxBytes === undefined ? 0 : jsonBytes(copy, packageName)
  const checkSize = (headLength: (context: number) => number): void => {
    if (maxBytes === undefined) return
    let total = rest
    for (const [at, length] of lengths.entries())
      total += base64Length(messageLength(headLength(keyAt(at)), length, writing))
    refuseOversize(total, maxBytes, packageName)
  }
  checkSize((at) => writer.headLength(contexts[at]!, writing.suite))

  // The cache counts messages and bytes against what one key may encrypt.
  const share = (at: number) =>
    contexts.length === 1
      ? { messages: texts.length, bytes: lengths.reduce((sum, length) => sum + length) }
      : { messages: 1, bytes: lengths[at]! }
  const keys = await acquireAll(
    contexts.map((context, at) => ({ context, use: { ...share(at), tenant, deadline } })),
    ({ context, use }) => writer.keyFor(context, writing, use),
    ({ dataKey }) => dataKey.release(),
  )
  const prepared = preparedWith(
    packageName,
    () => {
      for (let at = 0; at < items.length; at++) {
        const { holder, key } = items[at]!
        const { template, dataKey } = keys[keyAt(at)]!
        const plaintext = Buffer.from(texts[at]!, 'utf8')
        try {
          holder[key] = sealMessage(template, dataKey.bytes, plaintext).toString('base64')
        } finally {
          // It may lie in Node's pool of buffers, where the next one to allocate could read it.
          plaintext.fill(0)
        }
      }
      return copy
    },
    { leases: keys.map(({ dataKey }) => dataKey) },
  )
  try {
    // Once more: how long a wrapped key is was a guess, if it was the first one.
    checkSize((at) => keys[at]!.template.head.length)
    return prepared
  } catch (error) {
    prepared.release()
    throw error
  }
}
