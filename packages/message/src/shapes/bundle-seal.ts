import { type EnvelopeOptions, type FieldPolicy, type Prepared, placesOf } from '@glassine/core'
import { fault, from } from '../errors.ts'
import { preparedWith } from '../prepared.ts'
import { contextFor, type Settings } from '../settings.ts'
import { looksLikeMessage } from '../text.ts'
import { bundleHolder } from './bundle-holder.ts'
import { keepsPlaceholder } from './locate.ts'
import { prepareSealing } from './sealing.ts'
import { encodePlace, member } from './values.ts'

/** First phase of sealing in the bundle shape: one message with all fields, in a member of the payload's root. */
export const prepareSealBundle = async (
  settings: Settings,
  bundleMember: string,
  payload: unknown,
  policy: FieldPolicy,
  options: EnvelopeOptions,
): Promise<Prepared> => {
  const { limits } = settings
  const { binding, partial } = options
  const context = contextFor(settings, policy.model, binding)
  const absent = partial ? 'ignore' : 'error'
  const { copy, places } = placesOf(policy, payload, { from, statusCode: 500, absent })
  const holder = bundleHolder(copy, bundleMember, policy, 500)
  if (Object.hasOwn(holder, bundleMember) && holder[bundleMember] !== undefined) {
    const sealed = looksLikeMessage(holder[bundleMember], limits)
    throw fault(sealed ? 'ERR_ALREADY_ENCRYPTED' : 'ERR_VALUE_INVALID', { path: `/${bundleMember}` })
  }
  // A whole document without a field has an empty bundle: that there was none is bound, too.
  if (places.length === 0 && partial) return preparedWith([], () => copy)

  // Everything that can fail by the payload fails here, before any key is asked for.
  let text = '{'
  for (const place of places) {
    text += (text.length === 1 ? '' : ',') + member(place.pointer, encodePlace(place, limits))
    // An element that was taken out would move those behind it to other places.
    if (keepsPlaceholder(place.field.path)) place.holder[place.key] = null
    else delete place.holder[place.key]
  }
  text += '}'
  return prepareSealing(settings, copy, [{ holder, key: bundleMember }], [text], [context], options)
}
