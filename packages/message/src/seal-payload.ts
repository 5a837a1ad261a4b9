import type { EnvelopeOptions, FieldPolicy, Prepared } from '@glassine/core'
import { acquireAll, plaintextsOf, preparedWith, refuseOversize } from '@glassine/core/internal'
import { jsonBytes } from '@glassine/keys/internal'
import { type CheckedEnvelopeOptions, contextFor } from './envelope-options.ts'
import { fault, packageName } from './errors.ts'
import { base64Length, looksLikeMessage } from './header.ts'
import { messageLength, sealMessage } from './message.ts'
import { checkFields, digestOf, plaintextWriter } from './payload-set.ts'

/** First phase of sealing. Every failure caused by the payload happens here, before any key is requested. */
export const prepareSeal = async (
  options: CheckedEnvelopeOptions,
  payload: unknown,
  policy: FieldPolicy,
  invocation: EnvelopeOptions,
): Promise<Prepared> => {
  const { writer, writerOptions, limits, fieldContext, bindFields, bundleMember, values } = options
  const { partial, maxBytes, tenant, deadline } = invocation
  checkFields(bindFields, policy)
  const shared = contextFor(options, policy.model, invocation)
  const isSealed = (value: unknown): boolean => looksLikeMessage(value, limits)
  const shaped = plaintextsOf(policy, payload, {
    packageName,
    bundleMember,
    partial,
    isSealed,
    holdsRecord: bindFields !== false,
  })
  const { copy, items } = shaped
  if (items.length === 0) return preparedWith(packageName, () => copy)

  // A bundle contains its own pointers.
  const write =
    bindFields !== false && bundleMember === undefined
      ? plaintextWriter(bindFields, items.length, digestOf(bindFields, policy, shaped, 500))
      : undefined
  const texts = items.map(({ pointer, text, record }) =>
    write ? write(pointer, text, record) : values === 'text' ? textOf(text, pointer) : text,
  )
  // One context, and so one key, for all fields; or one for each.
  const contexts = fieldContext
    ? items.map(({ pointer }) => contextFor(options, policy.model, invocation, pointer))
    : [shared]
  const lengths = texts.map((text) => Buffer.byteLength(text, 'utf8'))
  const keyAt = (at: number): number => (contexts.length === 1 ? 0 : at)
  // Measured with empty places, plus the lengths of the messages: the size is known without sealing anything.
  if (maxBytes !== undefined) for (const { holder, key } of items) holder[key] = ''
  const rest = maxBytes === undefined ? 0 : jsonBytes(copy, packageName)
  const checkSize = (headLength: (context: number) => number): void => {
    if (maxBytes === undefined) return
    let total = rest
    for (const [at, length] of lengths.entries())
      total += base64Length(messageLength(headLength(keyAt(at)), length, writerOptions))
    refuseOversize(total, maxBytes, packageName)
  }
  checkSize((at) => writer.headLength(contexts[at]!, writerOptions.suite))

  // The cache counts messages and bytes against the key's limits.
  const share = (at: number) =>
    contexts.length === 1
      ? { messages: texts.length, bytes: lengths.reduce((sum, length) => sum + length) }
      : { messages: 1, bytes: lengths[at]! }
  const keys = await acquireAll(
    contexts.map((context, at) => ({ context, use: { ...share(at), tenant, deadline } })),
    ({ context, use }) => writer.keyFor(context, writerOptions, use),
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
          // It may be in Node's buffer pool, where the next allocation could read it.
          plaintext.fill(0)
        }
      }
      return copy
    },
    { leases: keys.map(({ dataKey }) => dataKey) },
  )
  try {
    // Again, because the length of a wrapped key was a guess if it was the first one.
    checkSize((at) => keys[at]!.template.head.length)
    return prepared
  } catch (error) {
    prepared.release()
    throw error
  }
}

/** A value that other libraries read as plain text. */
const textOf = (json: string, path: string): string => {
  const value: unknown = JSON.parse(json)
  if (typeof value === 'string' && value.isWellFormed()) return value
  throw fault('ERR_VALUE_INVALID', {
    path,
    message: `${path}: with \`values: 'text'\` a value must be a string`,
  })
}
