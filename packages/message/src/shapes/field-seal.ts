import { type EnvelopeOptions, type FieldPolicy, type Prepared, placesOf } from '@glassine/core'
import { bundleEntry } from '@glassine/core/bundle'
import { from } from '../errors.ts'
import { borrowAll, preparedWith } from '../prepared.ts'
import { messageLength, sealMessage } from '../seal.ts'
import { contextFor, type Settings } from '../settings.ts'
import { jsonBytes, refuseOversize } from '../size.ts'
import { base64Length } from '../text.ts'
import { encodePlace } from './values.ts'

/** First phase of sealing in the field shape: one message in each field's place. */
export const prepareSealFields = async (
  settings: Settings,
  payload: unknown,
  policy: FieldPolicy,
  options: EnvelopeOptions,
): Promise<Prepared> => {
  const { writer, writing, limits, fieldContext, bindFields } = settings
  const { binding, partial, maxBytes, tenant, deadline } = options
  const shared = contextFor(settings, policy.model, binding)
  const absent = partial ? 'ignore' : 'error'
  const { copy, places } = placesOf(policy, payload, { from, statusCode: 500, absent })
  if (places.length === 0) return preparedWith([], () => copy)

  // Everything that can fail by the payload fails here, before any key is asked for.
  const texts: string[] = []
  const lengths: number[] = []
  let bytes = 0
  for (const place of places) {
    const json = encodePlace(place, limits)
    const text = bindFields ? `{${bundleEntry(place.pointer, json)}}` : json
    const length = Buffer.byteLength(text, 'utf8')
    texts.push(text)
    lengths.push(length)
    bytes += length
  }

  // One context, and so one key, for all; or one for each.
  const contexts = fieldContext
    ? places.map(({ pointer }) => contextFor(settings, policy.model, binding, pointer))
    : [shared]
  const keyAt = (at: number): number => (fieldContext ? at : 0)
  // Measured with empty places, whose messages are then added: nothing has to be sealed to know the size.
  if (maxBytes !== undefined) for (const { holder, key } of places) holder[key] = ''
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
  const use = fieldContext
    ? (at: number) => ({ messages: 1, bytes: lengths[at]!, tenant, deadline })
    : () => ({ messages: places.length, bytes, tenant, deadline })
  const keys = await borrowAll(
    contexts.map((context, at) => ({ context, use: use(at) })),
    (request) => writer.keyFor(request.context, writing, request.use),
    ({ dataKey }) => dataKey,
  )
  const prepared = preparedWith(
    keys.map(({ dataKey }) => dataKey),
    () => {
      for (let at = 0; at < places.length; at++) {
        const { holder, key } = places[at]!
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
