import { type EnvelopeOptions, type FieldPolicy, type Prepared, placesOf } from '@glassine/core'
import { bundleHolder, takeOut } from '@glassine/core/bundle'
import { fault, from } from '../errors.ts'
import { preparedWith } from '../prepared.ts'
import { contextFor, type Settings } from '../settings.ts'
import { looksLikeMessage } from '../text.ts'
import { prepareSealing } from './sealing.ts'
import { encodePlace } from './values.ts'

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
  const at = { from, statusCode: 500 } as const
  const { copy, places } = placesOf(policy, payload, { ...at, absent: partial ? 'ignore' : 'error' })
  const holder = bundleHolder(copy, bundleMember, policy, at)
  if (Object.hasOwn(holder, bundleMember) && holder[bundleMember] !== undefined) {
    const sealed = looksLikeMessage(holder[bundleMember], limits)
    throw fault(sealed ? 'ERR_ALREADY_ENCRYPTED' : 'ERR_VALUE_INVALID', { path: `/${bundleMember}` })
  }
  // A whole document without a field has an empty bundle: that there was none is bound, too.
  if (places.length === 0 && partial) return preparedWith([], () => copy)

  // Everything that can fail by the payload fails here, before any key is asked for.
  const text = takeOut(places, (place) => encodePlace(place, limits))
  return prepareSealing(settings, copy, [{ holder, key: bundleMember }], [text], [context], options)
}
