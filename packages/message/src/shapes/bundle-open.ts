import {
  type AbsentPlace,
  type EnvelopeOptions,
  type FieldPolicy,
  type Place,
  type Prepared,
  placesOf,
} from '@glassine/core'
import { decryptFailed, fault, from, uniform } from '../errors.ts'
import { openMessage } from '../open.ts'
import { preparedWith } from '../prepared.ts'
import { contextFor, type Settings } from '../settings.ts'
import { decodeMessage, isMessageText } from '../text.ts'
import { bundleHolder } from './bundle-holder.ts'
import { keepsPlaceholder, locate } from './locate.ts'
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
  const { copy, places, absent } = placesOf(policy, payload, {
    from,
    statusCode: 400,
    absent: partial ? 'ignore' : 'collect',
  })
  const holder = bundleHolder(copy, bundleMember, policy, 400)
  refuseClear(places)
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
    putBack(members, copy, policy, places, absent)
    return copy
  })
}

/** Nothing that is declared may stand in the clear beside a bundle: it would pass for what was encrypted. */
const refuseClear = (places: readonly Place[]): void => {
  for (const { field, value } of places)
    if (value !== null || !keepsPlaceholder(field.path))
      throw fault('ERR_FIELD_NOT_ENCRYPTED', { path: field.path })
}

/** Puts every value of a bundle in its place; every place must get one, and every value must have one. */
const putBack = (
  members: ReturnType<typeof decodeMembers>,
  copy: unknown,
  { encrypted }: FieldPolicy,
  placeholders: readonly Place[],
  absent: readonly AbsentPlace[],
): void => {
  let next = 0
  let filled = 0
  for (const pointer of Object.keys(members)) {
    // Bundles are mostly in the order in which places are listed; then nothing needs to be looked for.
    const expected = absent[next]
    const slot = expected?.pointer === pointer ? expected : locate(copy, encrypted, pointer)
    if (slot === undefined) throw decryptFailed()
    if (slot === expected) next++
    if (Object.hasOwn(slot.holder, slot.key) && slot.holder[slot.key] === null) filled++
    slot.holder[slot.key] = members[pointer]
  }
  // An array or record that grew or shrank since.
  if (filled !== placeholders.length) throw decryptFailed()
  for (const { field, holder, key } of absent)
    if (!field.optional && holder[key] === undefined) throw fault('ERR_FIELD_MISSING', { path: field.path })
}
