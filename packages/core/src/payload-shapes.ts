/*
 * Where ciphertexts go, whatever their format: one in each declared place (the field shape), or one for all fields in a
 * member of the root (the bundle shape). Formats seal and open texts and need not know which shape it is.
 */
import { bundleHolder, putBack, refuseClear, takeOut } from './bundle.ts'
import { encodeValue } from './codec.ts'
import { GlassineError } from './errors.ts'
import { isPlainObject, type Json } from './json.ts'
import { type Place, placesOf } from './places.ts'
import type { FieldPolicy } from './policy.ts'

/** How a payload is made up. */
export interface ShapeOptions {
  /** The package that errors name. */
  readonly packageName: string
  /** The member that holds the bundle; absent for the field shape. */
  readonly bundleMember?: string
  /** `true`: declared fields may be absent. */
  readonly partial?: boolean
}

/** How a payload is sealed. */
export interface SealShapeOptions extends ShapeOptions {
  /** Whether a value is a ciphertext of the format already: sealed twice, nobody would open it twice. */
  readonly isSealed: (value: unknown) => boolean
}

/** A text that is to be sealed, and where the ciphertext goes: write `holder[key]`. */
export interface SealItem {
  readonly holder: Record<string, unknown>
  readonly key: string
  /** What the ciphertext is bound to. */
  readonly pointer: string
  readonly text: string
}

/**
 * Takes the values of a payload that are to be sealed: of each declared place, or all of them as one bundle. The copy
 * holds them still in the field shape, until ciphertexts are written over them.
 *
 * @throws GlassineError `ERR_FIELD_MISSING`, `ERR_VALUE_INVALID` (also where the bundle's member is taken),
 * `ERR_ALREADY_ENCRYPTED`, `ERR_TOO_LARGE`
 */
export const plaintextsOf = (
  policy: FieldPolicy,
  payload: unknown,
  { packageName, bundleMember, partial, isSealed }: SealShapeOptions,
): { readonly copy: unknown; readonly items: readonly SealItem[] } => {
  const at = { packageName, statusCode: 500 } as const
  const { copy, places } = placesOf(policy, payload, { ...at, absent: partial ? 'ignore' : 'error' })
  // Retries and replays hand back what was sealed before.
  const encode = ({ field: { path }, value }: Place): string => {
    if (isSealed(value)) throw new GlassineError('ERR_ALREADY_ENCRYPTED', { package: packageName, path })
    return encodeValue(value, path, packageName)
  }
  if (bundleMember === undefined)
    return {
      copy,
      items: places.map((place) => ({
        holder: place.holder,
        key: place.key,
        pointer: place.pointer,
        text: encode(place),
      })),
    }
  const holder = bundleHolder(copy, bundleMember, policy, at)
  const pointer = `/${bundleMember}`
  const taken = ownMember(holder, bundleMember)
  if (taken !== undefined)
    throw new GlassineError(isSealed(taken) ? 'ERR_ALREADY_ENCRYPTED' : 'ERR_VALUE_INVALID', {
      package: packageName,
      path: pointer,
    })
  // A whole document without a field has an empty bundle: that there was none is bound, too.
  if (partial && places.length === 0) return { copy, items: [] }
  return { copy, items: [{ holder, key: bundleMember, pointer, text: takeOut(places, encode) }] }
}

/** What stands where a ciphertext is due. */
export interface OpenItem {
  readonly pointer: string
  /** Template path, for errors. */
  readonly path: string
  readonly value: unknown
}

/**
 * Finds the ciphertexts of a payload.
 *
 * @returns the payload's copy, and `put`, which writes the opened values to it, in the order of the items, and returns it
 * @throws GlassineError `ERR_FIELD_MISSING`, `ERR_FIELD_NOT_ENCRYPTED` (something declared stands beside a bundle),
 * `ERR_VALUE_INVALID`, `ERR_TOO_LARGE`; `put`: `ERR_DECRYPT_FAILED`, `ERR_FIELD_MISSING`
 */
export const ciphertextsOf = (
  policy: FieldPolicy,
  payload: unknown,
  { packageName, bundleMember, partial }: ShapeOptions,
): {
  readonly copy: unknown
  readonly items: readonly OpenItem[]
  readonly put: (values: readonly Json[]) => unknown
} => {
  const at = { packageName, statusCode: 400 } as const
  const whole = bundleMember === undefined ? 'error' : 'collect'
  const found = placesOf(policy, payload, { ...at, absent: partial ? 'ignore' : whole })
  const { copy, places } = found
  if (bundleMember === undefined)
    return {
      copy,
      items: places.map(({ field, pointer, value }) => ({ pointer, path: field.path, value })),
      put: (values) => {
        for (const [index, { holder, key }] of places.entries()) holder[key] = values[index]
        return copy
      },
    }
  const holder = bundleHolder(copy, bundleMember, policy, at)
  refuseClear(places, packageName)
  const path = `/${bundleMember}`
  const value = ownMember(holder, bundleMember)
  if (value === undefined) {
    // Placeholders without a bundle are fields whose ciphertext somebody took away.
    if (partial && places.length === 0) return { copy, items: [], put: () => copy }
    throw new GlassineError('ERR_FIELD_MISSING', { package: packageName, path })
  }
  return {
    copy,
    items: [{ pointer: path, path, value }],
    put: ([members]) => {
      if (!isPlainObject(members)) throw new GlassineError('ERR_DECRYPT_FAILED', { package: packageName })
      delete holder[bundleMember]
      putBack(members as Record<string, Json>, found, policy, packageName)
      return copy
    },
  }
}

/** `undefined` counts as absent, as in every payload. */
const ownMember = (holder: Record<string, unknown>, name: string): unknown =>
  Object.hasOwn(holder, name) ? holder[name] : undefined
