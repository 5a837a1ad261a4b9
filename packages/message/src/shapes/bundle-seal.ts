import {
  type EnvelopeOptions,
  type FieldPolicy,
  GlassineError,
  type Prepared,
  placesOf,
} from '@glassine/core'
import { bundleHolder, takeOut } from '@glassine/core/bundle'
import { from } from '../errors.ts'
import { preparedWith } from '../prepared.ts'
import { messageLength, sealMessage } from '../seal.ts'
import { contextFor, type Settings } from '../settings.ts'
import { jsonBytes, refuseOversize } from '../size.ts'
import { base64Length, looksLikeMessage } from '../text.ts'
import { encodePlace } from './values.ts'

/** First phase of sealing in the bundle shape: one message with all fields, in a member of the payload's root. */
export const prepareSealBundle = async (
  settings: Settings,
  bundleMember: string,
  payload: unknown,
  policy: FieldPolicy,
  options: EnvelopeOptions,
): Promise<Prepared> => {
  const { writer, writing, limits } = settings
  const { binding, partial, maxBytes, tenant, deadline } = options
  const context = contextFor(settings, policy.model, binding)
  const at = { from, statusCode: 500 } as const
  const { copy, places } = placesOf(policy, payload, { ...at, absent: partial ? 'ignore' : 'error' })
  const holder = bundleHolder(copy, bundleMember, policy, at)
  if (Object.hasOwn(holder, bundleMember) && holder[bundleMember] !== undefined) {
    const sealed = looksLikeMessage(holder[bundleMember], limits)
    throw new GlassineError(sealed ? 'ERR_ALREADY_ENCRYPTED' : 'ERR_VALUE_INVALID', {
      package: from,
      path: `/${bundleMember}`,
    })
  }
  // A whole document without a field has an empty bundle: that there was none is bound, too.
  if (places.length === 0 && partial) return preparedWith([], () => copy)

  // Everything that can fail by the payload fails here, before any key is asked for.
  const text = takeOut(places, (place) => encodePlace(place, limits))
  const length = Buffer.byteLength(text, 'utf8')
  const rest = maxBytes === undefined ? 0 : jsonBytes({ ...holder, [bundleMember]: '' })
  const checkSize = (headLength: number): void => {
    if (maxBytes !== undefined)
      refuseOversize(rest + base64Length(messageLength(headLength, length, writing)), maxBytes)
  }
  if (maxBytes !== undefined) checkSize(writer.headLength(context, writing.suite))

  const use = { messages: 1, bytes: length, tenant, deadline }
  const { template, dataKey } = await writer.keyFor(context, writing, use)
  const prepared = preparedWith([dataKey], () => {
    const plaintext = Buffer.from(text, 'utf8')
    holder[bundleMember] = sealMessage(template, dataKey.bytes, plaintext).toString('base64')
    plaintext.fill(0)
    return copy
  })
  try {
    // Once more: how long a wrapped key is was a guess, if it was the first one.
    checkSize(template.head.length)
    return prepared
  } catch (error) {
    prepared.release()
    throw error
  }
}
