/*
 * Where ciphertexts go, in any format: one in each declared place (the field shape), or one for all fields in a
 * member of the root (the bundle shape). Formats seal and open texts and need not know the shape.
 */
import { bundleHolder, namesBeside, putBack, refuseClear, takeOut } from './bundle.ts'
import { encodeValue, isPlainObject, type Json, maxDepth } from './codec.ts'
import { GlassineError } from './errors.ts'
import { type Place, placesOf } from './places.ts'
import type { FieldPolicy } from './policy.ts'
import type { RecordPair } from './record.ts'

/** How a payload is made up. */
export interface ShapeOptions {
  /** The package that errors name. */
  readonly packageName: string
  /** The member that holds the bundle; absent for the field shape. */
  readonly bundleMember?: string
  /** `true`: declared fields may be absent. */
  readonly partial?: boolean
  /**
   * `true`: plaintexts contain the authenticated members. A payload without any sealed value would then authenticate
   * none and is refused. Otherwise the format binds them elsewhere.
   */
  readonly holdsRecord?: boolean
}

/** How a payload is sealed. */
export interface SealShapeOptions extends ShapeOptions {
  /** Whether a value already is a ciphertext of the format: if it were sealed twice, nothing would open it twice. */
  readonly isSealed: (value: unknown) => boolean
}

/** A text to be sealed, and where the ciphertext goes: write `holder[key]`. */
export interface SealItem {
  readonly holder: Record<string, unknown>
  readonly key: string
  /** What the ciphertext is bound to. */
  readonly pointer: string
  readonly text: string
  /** The authenticated members that it is bound to; a bundle contains its own. */
  readonly record: readonly RecordPair[]
}

/**
 * Takes the values of a payload that are to be sealed: of each declared place, or all of them as one bundle. In the
 * field shape the copy still contains them, until ciphertexts are written over them.
 *
 * @throws GlassineError `ERR_FIELD_MISSING`, `ERR_VALUE_INVALID` (also where the bundle's member is taken),
 * `ERR_ALREADY_ENCRYPTED`, `ERR_TOO_LARGE`
 */
export const plaintextsOf = (
  policy: FieldPolicy,
  payload: unknown,
  { packageName, bundleMember, partial, holdsRecord, isSealed }: SealShapeOptions,
): {
  readonly copy: unknown
  readonly items: readonly SealItem[]
  readonly members: readonly RecordPair[]
} => {
  const at = { packageName, statusCode: 500 } as const
  const { copy, places, members } = placesOf(policy, payload, { ...at, absent: partial ? 'ignore' : 'error' })
  const isRecord = holdsRecord === true && members.length > 0
  // Retries and replays return what was sealed before.
  const encode = ({ field: { path }, value }: Place): string => {
    if (isSealed(value)) throw new GlassineError('ERR_ALREADY_ENCRYPTED', { package: packageName, path })
    return encodeValue(value, path, packageName)
  }
  if (bundleMember === undefined) {
    if (isRecord && places.length === 0) throw unauthenticated(policy, at)
    return {
      copy,
      members,
      items: places.map((place) => ({
        holder: place.holder,
        key: place.key,
        pointer: place.pointer,
        text: encode(place),
        record: place.record,
      })),
    }
  }
  const holder = bundleHolder(copy, bundleMember, policy, at)
  const pointer = `/${bundleMember}`
  const taken = ownMember(holder, bundleMember)
  if (taken !== undefined)
    throw new GlassineError(isSealed(taken) ? 'ERR_ALREADY_ENCRYPTED' : 'ERR_VALUE_INVALID', {
      package: packageName,
      path: pointer,
    })
  // A whole document without a field has an empty bundle: its emptiness is bound too.
  if (partial && places.length === 0 && !isRecord) return { copy, items: [], members }
  const text = takeOut(places, encode, isRecord ? members : none)
  return { copy, members, items: [{ holder, key: bundleMember, pointer, text, record: none }] }
}

const none: readonly RecordPair[] = []

/** Members that identify a record, without any sealed value that they are bound to. */
const unauthenticated = (
  { encrypted }: FieldPolicy,
  { packageName, statusCode }: { readonly packageName: string; readonly statusCode: 400 | 500 },
): GlassineError =>
  new GlassineError('ERR_FIELD_MISSING', {
    package: packageName,
    path: encrypted.path,
    statusCode,
    message: 'A payload with authenticated fields needs at least one encrypted field',
  })

/** The value found where a ciphertext is expected. */
export interface OpenItem {
  readonly pointer: string
  /** Template path, for errors. */
  readonly path: string
  readonly value: unknown
  /** The authenticated members that it must be bound to; a bundle's are compared by `put`. */
  readonly record: readonly RecordPair[]
}

/** How a payload is opened. */
export interface OpenShapeOptions extends ShapeOptions {
  /**
   * Whether a value is a ciphertext of the format: an opened value must not be one, since it could not be sealed again.
   */
  readonly isSealed?: (value: unknown) => boolean
}

/**
 * Finds the ciphertexts of a payload.
 *
 * @returns the payload's copy, and `put`, which writes the opened values to it, in the order of the items, and returns
 * it
 * @throws GlassineError `ERR_FIELD_MISSING`, `ERR_FIELD_NOT_ENCRYPTED` (something declared is beside a bundle),
 * `ERR_VALUE_INVALID`, `ERR_TOO_LARGE`; `put`: `ERR_DECRYPT_FAILED`, `ERR_FIELD_MISSING`
 */
export const ciphertextsOf = (
  policy: FieldPolicy,
  payload: unknown,
  { packageName, bundleMember, partial, holdsRecord, isSealed }: OpenShapeOptions,
): {
  readonly copy: unknown
  readonly items: readonly OpenItem[]
  readonly members: readonly RecordPair[]
  readonly put: (values: readonly Json[]) => unknown
} => {
  const at = { packageName, statusCode: 400 } as const
  const whole = bundleMember === undefined ? 'error' : 'collect'
  const found = placesOf(policy, payload, { ...at, absent: partial ? 'ignore' : whole })
  const { copy, places, members } = found
  const isRecord = holdsRecord === true && members.length > 0
  const checked = (value: Json | undefined, path: string): Json | undefined => {
    if (typeof value === 'string' && isSealed?.(value))
      throw new GlassineError('ERR_VALUE_INVALID', { package: packageName, path, statusCode: 400 })
    return value
  }
  if (bundleMember === undefined) {
    if (isRecord && places.length === 0) throw unauthenticated(policy, at)
    return {
      copy,
      members,
      items: places.map(({ field, pointer, value, record }) => ({
        pointer,
        path: field.path,
        value,
        record,
      })),
      put: (values) => {
        for (const [index, { holder, key, field }] of places.entries())
          holder[key] = checked(values[index], field.path)
        return copy
      },
    }
  }
  const holder = bundleHolder(copy, bundleMember, policy, at)
  refuseClear(places, packageName)
  const path = `/${bundleMember}`
  const value = ownMember(holder, bundleMember)
  if (value === undefined) {
    // Placeholders without a bundle are fields whose ciphertext was removed.
    if (partial && places.length === 0 && !isRecord) return { copy, items: [], members, put: () => copy }
    throw new GlassineError('ERR_FIELD_MISSING', { package: packageName, path })
  }
  return {
    copy,
    members,
    items: [{ pointer: path, path, value, record: none }],
    put: ([bundle]) => {
      if (!isPlainObject(bundle)) throw new GlassineError('ERR_DECRYPT_FAILED', { package: packageName })
      const values = bundle as Record<string, Json>
      const names = namesBeside(values, isRecord ? members : none)
      if (!names) throw new GlassineError('ERR_DECRYPT_FAILED', { package: packageName })
      for (const name of names) checked(values[name], path)
      delete holder[bundleMember]
      putBack(values, found, policy, packageName, names)
      return copy
    },
  }
}

/** `undefined` counts as absent, as in every payload. */
const ownMember = (holder: Record<string, unknown>, name: string): unknown =>
  Object.hasOwn(holder, name) ? holder[name] : undefined

/** Why the values of a bundle cannot be put back, for the operator. */
export const bundleOfOtherPayload =
  'the bundle was written for another payload: one with other elements, or without a declared field'

/** How deep a plaintext may be: that of a bundle has one more level, the object that holds the values. */
export const plaintextDepth = (bundleMember: string | undefined): number =>
  bundleMember === undefined ? maxDepth : maxDepth + 1
