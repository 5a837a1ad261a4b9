import { type EnvelopeOptions, type FieldPolicy, type Prepared, placesOf } from '@glassine/core'
import { bundleHolder, putBack, refuseClear } from '@glassine/core/bundle'
import { fault, from, uniform } from '../errors.ts'
import { openMessage } from '../open.ts'
import { preparedWith } from '../prepared.ts'
import { contextFor, type Settings } from '../settings.ts'
import { decodeMessage, isMessageText } from '../text.ts'
import { decodeMembers } from './values.ts'

/** First phase of opening in the bundle shape. */
export const prepareOpenBundle = async (
  settings: Settings,
  bundleMember: string,
  payload: unknown,
  policy: FieldPolicy,
  options: EnvelopeOptions,
): Promise<Prepared> => {
  const { keys, reader, limits } = settings
  const { binding, partial } = options
  const context = contextFor(settings, policy.model, binding)
  const at = { from, statusCode: 400 } as const
  const emptied = placesOf(policy, payload, { ...at, absent: partial ? 'ignore' : 'collect' })
  const { copy, places } = emptied
  const holder = bundleHolder(copy, bundleMember, policy, at)
  refuseClear(places, from)
  const text = Object.hasOwn(holder, bundleMember) ? holder[bundleMember] : undefined
  if (text === undefined) {
    // Placeholders without a bundle are fields whose ciphertext somebody took away.
    if (partial && places.length === 0) return preparedWith([], () => copy)
    throw fault('ERR_FIELD_MISSING', { path: `/${bundleMember}` })
  }
  if (!isMessageText(text)) throw fault('ERR_FIELD_NOT_ENCRYPTED', { path: `/${bundleMember}` })

  const message = reader.read(decodeMessage(text), limits)
  const request = reader.keyRequest(message.header, context, options)
  const dataKey = await keys.decryptionKey(request).catch(uniform)
  return preparedWith([dataKey], () => {
    const members = decodeMembers(openMessage(message, dataKey.bytes, context.unstored))
    delete holder[bundleMember]
    putBack(members, emptied, policy, from)
    return copy
  })
}
