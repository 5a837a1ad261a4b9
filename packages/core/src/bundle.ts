/*
 * The bundle shape, whatever the format: the declared fields are taken out of a payload and go together into one
 * ciphertext in a member of the root; nulls keep the places of elements of arrays and records.
 */
import { GlassineError, optionError } from './errors.ts'
import { isPlainObject, type Json } from './json.ts'
import type { AbsentPlace, Place } from './places.ts'
import type { FieldPolicy, PathNode } from './policy.ts'

/** Whether a model declares a member of the root, or something in it. */
export const declaresMember = ({ encrypted, fields }: FieldPolicy, member: string): boolean => {
  // A model whose root is a record declares every member.
  if (encrypted.each !== undefined) return true
  for (const { path } of fields)
    if (path.startsWith(member, 1) && (path.length === member.length + 1 || path[member.length + 1] === '/'))
      return true
  return false
}

/**
 * The root of a payload's copy as the object that holds the bundle.
 *
 * @throws GlassineError `ERR_OPTION_INVALID` when the bundle's member is a declared one, `ERR_FIELD_MISSING` when
 * the root is no object
 */
export const bundleHolder = (
  copy: unknown,
  bundleMember: string,
  policy: FieldPolicy,
  { packageName, statusCode }: { readonly packageName: string; readonly statusCode: 400 | 500 },
): Record<string, unknown> => {
  if (declaresMember(policy, bundleMember))
    throw optionError(packageName, 'bundleMember', `is a declared member of the model ${policy.model}`)
  if (!isPlainObject(copy))
    throw new GlassineError('ERR_FIELD_MISSING', {
      package: packageName,
      path: `/${bundleMember}`,
      statusCode,
    })
  return copy
}

/** One member of a bundle's text: the place's pointer and its value as JSON. */
export const bundleEntry = (pointer: string, json: string): string => `${JSON.stringify(pointer)}:${json}`

/**
 * Takes the fields out of a payload's copy and returns the bundle as JSON text, an object from pointer to value.
 *
 * @param encode - a place's value as JSON text; may throw
 * @example
 * ```ts
 * const policy = defineFields<{ ssn: string }>('patient', { ssn: {} })
 * const { copy, places } = placesOf(policy, { ssn: '078-05-1120' }, { packageName: 'mine', statusCode: 500 })
 * takeOut(places, ({ field, value }) => encodeValue(value, field.path, 'mine')) // {"/ssn":"078-05-1120"}
 * ```
 */
export const takeOut = (places: readonly Place[], encode: (place: Place) => string): string => {
  let text = '{'
  for (const place of places) {
    text += (text.length === 1 ? '' : ',') + bundleEntry(place.pointer, encode(place))
    // An element that was taken out would move those behind it to other places.
    if (keepsPlaceholder(place.field.path)) place.holder[place.key] = null
    else delete place.holder[place.key]
  }
  return `${text}}`
}

/**
 * Refuses whatever is declared and stands in the clear beside a bundle: it would pass for what was encrypted.
 *
 * @throws GlassineError `ERR_FIELD_NOT_ENCRYPTED`
 */
export const refuseClear = (places: readonly Place[], packageName: string): void => {
  for (const { field, value } of places)
    if (value !== null || !keepsPlaceholder(field.path))
      throw new GlassineError('ERR_FIELD_NOT_ENCRYPTED', { package: packageName, path: field.path })
}

/** What {@link putBack} fills: the result of `placesOf` with `absent: 'collect'`, or `'ignore'` for partial ones. */
export interface Emptied {
  readonly copy: unknown
  /** The placeholders. */
  readonly places: readonly Place[]
  readonly absent: readonly AbsentPlace[]
}

/**
 * Puts every value of a bundle in its place; every place must get one, and every value must have one.
 *
 * @throws GlassineError `ERR_DECRYPT_FAILED`, `ERR_FIELD_MISSING`
 */
export const putBack = (
  members: { readonly [pointer: string]: Json },
  { copy, places, absent }: Emptied,
  { encrypted }: FieldPolicy,
  packageName: string,
): void => {
  const misplaced = () => new GlassineError('ERR_DECRYPT_FAILED', { package: packageName })
  let next = 0
  let filled = 0
  for (const pointer of Object.keys(members)) {
    // Bundles are mostly in the order in which places are listed; then nothing needs to be looked for.
    const expected = absent[next]
    const slot = expected?.pointer === pointer ? expected : locate(copy, encrypted, pointer)
    if (slot === undefined) throw misplaced()
    if (slot === expected) next++
    if (slot.holder[slot.key] === null) filled++
    slot.holder[slot.key] = members[pointer]
  }
  // An array or record that grew or shrank since.
  if (filled !== places.length) throw misplaced()
  for (const { field, holder, key } of absent)
    if (!field.optional && holder[key] === undefined)
      throw new GlassineError('ERR_FIELD_MISSING', { package: packageName, path: field.path })
}

/** Where a value of a bundle belongs: write `holder[key]`. */
export interface Slot {
  readonly holder: Record<string, unknown>
  readonly key: string
}

/** Whether a field is every element or member of its holder, whose places keep a null for it. */
const keepsPlaceholder = (templatePath: string): boolean => templatePath.endsWith('/*')

/**
 * Finds the declared place of a concrete JSON Pointer (RFC 6901) in a payload whose fields were taken out, or
 * nothing when no declaration leads there or the place is not free.
 */
const locate = (copy: unknown, root: PathNode, pointer: string): Slot | undefined => {
  const [start, ...tokens] = pointer.split('/')
  // A tilde that escapes nothing would give one place two pointers.
  if (start !== '' || /~(?![01])/.test(pointer)) return undefined
  let node = root
  let holder: unknown = copy
  for (const [at, token] of tokens.entries()) {
    const key = token.replaceAll('~1', '/').replaceAll('~0', '~')
    const next = node.each ? node.each.node : node.members?.find(([name]) => name === key)?.[1]
    if (next === undefined || typeof holder !== 'object' || holder === null) return undefined
    const members = holder as Record<string, unknown>
    // Own members only: of an array those are its elements, by their one spelling, and its length.
    const value = Object.hasOwn(members, key) ? members[key] : undefined
    if (at === tokens.length - 1)
      return next.field && value === (node.each ? null : undefined) ? { holder: members, key } : undefined
    node = next
    holder = value
  }
  return undefined
}
