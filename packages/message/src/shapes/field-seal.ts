import { type EnvelopeOptions, type FieldPolicy, type Prepared, placesOf } from '@glassine/core'
import { bundleEntry } from '@glassine/core/bundle'
import { from } from '../errors.ts'
import { preparedWith } from '../prepared.ts'
import { contextFor, type Settings } from '../settings.ts'
import { prepareSealing } from './sealing.ts'
import { encodePlace } from './values.ts'

/** First phase of sealing in the field shape: one message in each field's place. */
export const prepareSealFields = async (
  settings: Settings,
  payload: unknown,
  policy: FieldPolicy,
  options: EnvelopeOptions,
): Promise<Prepared> => {
  const { limits, fieldContext, bindFields } = settings
  const { binding, partial } = options
  const shared = contextFor(settings, policy.model, binding)
  const absent = partial ? 'ignore' : 'error'
  const { copy, places } = placesOf(policy, payload, { from, statusCode: 500, absent })
  if (places.length === 0) return preparedWith([], () => copy)

  // Everything that can fail by the payload fails here, before any key is asked for.
  const texts = places.map((place) => {
    const json = encodePlace(place, limits)
    return bindFields ? `{${bundleEntry(place.pointer, json)}}` : json
  })
  const contexts = fieldContext
    ? places.map(({ pointer }) => contextFor(settings, policy.model, binding, pointer))
    : [shared]
  return prepareSealing(settings, copy, places, texts, contexts, options)
}
