import { type Envelope, type FieldPolicy, type OpenOptions, placesOf } from '@glassine/core'
import { isGlassineError, isPlainObject, type RecordPair } from '@glassine/core/internal'
import { isCiphertext, isJwe, isMessage } from '../matchers/ciphertext.ts'
import { packageName } from '../options.ts'
import { type Comparison, compare } from './comparison.ts'

/** What is to be explained: a payload, and what the service knows of it. */
export interface Subject {
  readonly policy: FieldPolicy
  readonly envelope: Envelope
  readonly options: OpenOptions
  /** The event that the payload came in, where there is one. */
  readonly event?: unknown
  readonly sealed: SealedPlaces
}

/** A ciphertext and where it stands. */
export interface SealedPlace {
  /** Absent for a ciphertext alone, without its payload. */
  readonly pointer?: string
  readonly text: string
  /** The authenticated members that it must be bound to; absent for one alone. */
  readonly record?: readonly RecordPair[]
}

/** The ciphertexts of a payload. */
export interface SealedPlaces {
  readonly payload: unknown
  readonly places: readonly SealedPlace[]
  /** Where a bundle's values belong. */
  readonly declared: readonly string[]
  readonly required: readonly string[]
  readonly members: readonly RecordPair[]
  /** What is wrong with the contents of the places. */
  readonly comparisons: readonly Comparison[]
}

/** Finds the ciphertexts of a payload by structure alone. */
export const sealedPlaces = (
  payload: unknown,
  policy: FieldPolicy,
  { bundleMember, recognises }: Envelope,
  partial: boolean,
): SealedPlaces => {
  const nothing = { payload, places: [], declared: [], required: [], members: [] }
  if (payload === undefined) return { ...nothing, comparisons: [] }
  let found: ReturnType<typeof placesOf>
  try {
    found = placesOf(policy, payload, { packageName, statusCode: 400, absent: 'collect' })
  } catch (error) {
    if (!isGlassineError(error)) throw error
    const wrong = compare('structure', 'absent or of another shape', 'as the model declares it', {
      name: error.cause.path || '/',
    })
    return { ...nothing, comparisons: [wrong] }
  }
  const { places, absent, members } = found
  const declared = [...places, ...absent].map(({ pointer }) => pointer)
  const required = absent.filter(({ field }) => !field.optional).map(({ pointer }) => pointer)
  const all = { payload, declared, required, members }
  const bundle = isPlainObject(payload) ? bundleIn(payload, bundleMember) : undefined
  const isWanted = (value: unknown): value is string => recognises(value)

  if (bundleMember !== undefined) {
    const value = isPlainObject(payload) ? payload[bundleMember] : undefined
    const name = `/${bundleMember}`
    const inPlaces = places.filter((place) => place.value !== null)
    if (isWanted(value) && inPlaces.length === 0)
      return { ...all, places: [{ pointer: name, text: value, record: [] }], comparisons: [] }
    const other = inPlaces.some((place) => isCiphertext(place.value))
      ? 'a ciphertext in each place (shape "field")'
      : kindOf(value)
    return {
      ...all,
      places: [],
      comparisons: [compare('format', other, kindFor(recognises), { name })],
    }
  }

  const missing = partial ? [] : required
  const comparisons = [
    ...places
      .filter(({ value }) => !isWanted(value))
      .map(({ pointer, value }) => compare('format', kindOf(value), kindFor(recognises), { name: pointer })),
    ...missing.map((name) => compare('format', null, kindFor(recognises), { name })),
  ]
  // One sentence for a bundle in place of one for each field.
  const shape =
    bundle !== undefined && places.length === 0
      ? [compare('format', 'a bundle (shape "bundle")', 'a ciphertext in each place', { name: `/${bundle}` })]
      : comparisons
  return {
    ...all,
    places: places.flatMap(({ pointer, value, record }) =>
      isWanted(value) ? [{ pointer, text: value, record }] : [],
    ),
    comparisons: shape,
  }
}

/** A member of the root that holds a ciphertext and is not the session's. */
const bundleIn = (payload: Record<string, unknown>, own: string | undefined): string | undefined =>
  Object.keys(payload).find((name) => name !== own && !name.startsWith('$') && isCiphertext(payload[name]))

const kindFor = (recognises: Envelope['recognises']): string => (recognises(sampleJwe) ? jwe : message)

const message = 'an AWS Encryption SDK message'
const jwe = 'a JWE of a session'

/** Recognised by its form alone. */
const sampleJwe = `${Buffer.from('{"alg":"dir","enc":"A256GCM","p":"","ctx":""}').toString('base64url')}..${'A'.repeat(16)}.AA.${'A'.repeat(22)}`

/** What a value is, judged from outside. */
const kindOf = (value: unknown): string | null => {
  if (value === undefined) return null
  if (isMessage(value)) return message
  if (isJwe(value)) return jwe
  return typeof value === 'string' && /^(?:AgR4|AgV4|AYA[BD]e[A-P])/.test(value)
    ? `${message} that is cut off, changed or of a suite that is not allowed`
    : 'a value in the clear'
}
