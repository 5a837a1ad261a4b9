import type { EnvelopeOptions, Prepared } from '@glassine/core'
import type { Slot } from '@glassine/core/bundle'
import type { MessageContext } from '../contexts.ts'
import { borrowAll, preparedWith } from '../prepared.ts'
import { messageLength, sealMessage } from '../seal.ts'
import type { Settings } from '../settings.ts'
import { jsonBytes, refuseOversize } from '../size.ts'
import { base64Length } from '../text.ts'

/**
 * Borrows the keys of the messages that a payload gets, and prepares to write them.
 *
 * @param copy - the payload's copy, in which the slots stand
 * @param slots - where the messages will stand
 * @param texts - what each of them will hold
 * @param contexts - one, and so one key, for all of them; or one for each
 */
export const prepareSealing = async (
  { writer, writing }: Settings,
  copy: unknown,
  slots: readonly Slot[],
  texts: readonly string[],
  contexts: readonly MessageContext[],
  { maxBytes, tenant, deadline }: EnvelopeOptions,
): Promise<Prepared> => {
  const lengths = texts.map((text) => Buffer.byteLength(text, 'utf8'))
  const keyAt = (at: number): number => (contexts.length === 1 ? 0 : at)
  // Measured with empty slots, whose messages are then added: nothing has to be sealed to know the size.
  if (maxBytes !== undefined) for (const { holder, key } of slots) holder[key] = ''
  const rest = maxBytes === undefined ? 0 : jsonBytes(copy)
  const checkSize = (headLength: (context: number) => number): void => {
    if (maxBytes === undefined) return
    let total = rest
    for (const [at, length] of lengths.entries())
      total += base64Length(messageLength(headLength(keyAt(at)), length, writing))
    refuseOversize(total, maxBytes)
  }
  checkSize((at) => writer.headLength(contexts[at]!, writing.suite))

  // The cache counts messages and bytes against what one key may encrypt.
  const share = (at: number) =>
    contexts.length === 1
      ? { messages: texts.length, bytes: lengths.reduce((sum, length) => sum + length) }
      : { messages: 1, bytes: lengths[at]! }
  const keys = await borrowAll(
    contexts.map((context, at) => ({ context, use: { ...share(at), tenant, deadline } })),
    ({ context, use }) => writer.keyFor(context, writing, use),
    ({ dataKey }) => dataKey,
  )
  const prepared = preparedWith(
    keys.map(({ dataKey }) => dataKey),
    () => {
      for (let at = 0; at < slots.length; at++) {
        const { holder, key } = slots[at]!
        const { template, dataKey } = keys[keyAt(at)]!
        const plaintext = Buffer.from(texts[at]!, 'utf8')
        holder[key] = sealMessage(template, dataKey.bytes, plaintext).toString('base64')
        // It may lie in Node's pool of buffers, where the next one to allocate could read it.
        plaintext.fill(0)
      }
      return copy
    },
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
