/*
 * The bundle shape, for any format: the declared fields are taken out of a payload and go together into one
 * ciphertext in a member of the root; nulls keep the places of array elements and record members.
 */

import { isPlainObject, type Json } from './codec.ts'
import { GlassineError, optionError } from './errors.ts'
import { childNode } from './path.ts'
import type { AbsentPlace, Place } from './places.ts'
import type { FieldPolicy, PathNode } from './policy.ts'
import { type RecordPair, recordText } from './record.ts'

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
 * @throws GlassineError `ERR_OPTION_INVALID` if the bundle's member is a declared one, `ERR_FIELD_MISSING` if
 * the root is not an object
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

/** Members of a plaintext, each followed by a comma. */
export const recordPrefix = (members: readonly RecordPair[]): string => {
  let text = ''
  for (const { pointer, text: value } of members) text += `${bundleEntry(pointer, value)},`
  return text
}

/**
 * The names of a plaintext's members beside the authenticated ones, each of which must be there with the value that
 * is in the payload.
 *
 * @returns nothing where one differs
 */
export const namesBeside = (
  members: { readonly [pointer: string]: Json },
  record: readonly RecordPair[],
): readonly string[] | undefined => {
  const names = Object.keys(members)
  let inFront = 0
  for (const { pointer, text } of record) {
    if (!Object.hasOwn(members, pointer) || recordText(members[pointer]) !== text) return undefined
    if (names[inFront] === pointer) inFront++
  }
  if (inFront === record.length) return inFront === 0 ? names : names.slice(inFront)
  // Other writers may have put them anywhere.
  const taken = new Set(record.map(({ pointer }) => pointer))
  return names.filter((name) => !taken.has(name))
}

/**
 * Takes the fields out of a payload's copy and returns the bundle as JSON text, an object from pointer to value.
 *
 * @param encode - a place's value as JSON text; may throw
 * @param members - authenticated members to write before the values
 * @example
 * ```ts
 * const policy = defineFields<{ ssn: string }>('patient', { ssn: {} })
 * const { copy, places } = placesOf(policy, { ssn: '078-05-1120' }, { packageName: 'mine', statusCode: 500 })
 * takeOut(places, ({ field, value }) => encodeValue(value, field.path, 'mine')) // {"/ssn":"078-05-1120"}
 * ```
 */
export const takeOut = (
  places: readonly Place[],
  encode: (place: Place) => string,
  members: readonly RecordPair[] = [],
): string => {
  let text = `{${recordPrefix(members)}`
  if (places.length === 0) text = text.replace(/,$/, '')
  for (const place of places) {
    text += (place === places[0] ? '' : ',') + bundleEntry(place.pointer, encode(place))
    // Removing an element would move those after it to other places.
    if (keepsPlaceholder(place.field.path)) place.holder[place.key] = null
    else delete place.holder[place.key]
  }
  return `${text}}`
}

/**
 * Refuses declared values in the clear beside a bundle: they would pass for decrypted ones.
 *
 * @throws GlassineError `ERR_FIELD_NOT_ENCRYPTED`
 */
export const refuseClear = (places: readonly Place[], packageName: string): void => {
  for (const { field, value } of places)
    if (value !== null || !keepsPlaceholder(field.path))
      throw new GlassineError('ERR_FIELD_NOT_ENCRYPTED', { package: packageName, path: field.path })
}

/**
 * What {@link putBack} fills: the result of `placesOf` with `absent: 'collect'`, or `'ignore'` for partial payloads.
 */
export interface Emptied {
  readonly copy: unknown
  /** The placeholders. */
  readonly places: readonly Place[]
  readonly absent: readonly AbsentPlace[]
}

/**
 * Puts every value of a bundle in its place. Every place must get a value, and every value must have a place.
 *
 * @param names - the members that are values; default: all
 * @throws GlassineError `ERR_DECRYPT_FAILED`, `ERR_FIELD_MISSING`
 */
export const putBack = (
  members: { readonly [pointer: string]: Json },
  { copy, places, absent }: Emptied,
  { encrypted }: FieldPolicy,
  packageName: string,
  names: readonly string[] = Object.keys(members),
): void => {
  const misplaced = () => new GlassineError('ERR_DECRYPT_FAILED', { package: packageName })
  let next = 0
  let filled = 0
  for (const pointer of names) {
    // Bundles are mostly in the order in which places are listed; then nothing needs to be looked for.
    const expected = absent[next]
    const slot = expected?.pointer === pointer ? expected : locate(copy, encrypted, pointer)
    if (slot === undefined) throw misplaced()
    if (slot === expected) next++
    if (slot.holder[slot.key] === null) filled++
    slot.holder[slot.key] = members[pointer]
  }
  // An array or record that grew or shrank in between.
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

/** Whether a field is every element or member of its holder, so that its places keep a null. */
const keepsPlaceholder = (templatePath: string): boolean => templatePath.endsWith('/*')

/**
 * Finds the declared place of a concrete JSON Pointer (RFC 6901) in a payload without its fields, or
 * nothing if no declaration leads there or the place is not free.
 */
const locate = (copy: unknown, root: PathNode, pointer: string): Slot | undefined => {
  const [start, ...tokens] = pointer.split('/')
  // A tilde that escapes nothing would give one place two pointers.
  if (start !== '' || /~(?![01])/.test(pointer)) return undefined
  let node = root
  let holder: unknown = copy
  for (const [at, token] of tokens.entries()) {
    const key = token.replaceAll('~1', '/').replaceAll('~0', '~')
    const next = childNode(node, key)
    if (next === undefined || typeof holder !== 'object' || holder === null) return undefined
    const members = holder as Record<string, unknown>
    // Only own members: those of an array are its elements, in their one spelling, and its length.
    const value = Object.hasOwn(members, key) ? members[key] : undefined
    if (at === tokens.length - 1)
      return next.field && value === (node.each ? null : undefined) ? { holder: members, key } : undefined
    node = next
    holder = value
  }
  return undefined
}
