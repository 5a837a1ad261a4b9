import { modelError } from './field-options.ts'
import { escapePointer, isForbiddenName, type Segment, templateOf } from './path.ts'
import type { EncryptedOptions, FieldDeclaration, FieldPolicy, MaskedOptions, PathNode } from './policy.ts'

/** What the decorators or `defineFields` collected of one field; the options are checked already. */
export interface RawField {
  readonly segments: readonly Segment[]
  readonly kind: FieldDeclaration['kind']
  readonly options: EncryptedOptions & MaskedOptions
}

/**
 * Marks the policies that were checked, and holds what they were made of; registered, so that two copies of the
 * library know each other's.
 */
export const brand = Symbol.for('@glassine/core/policy')

/** Whether a value came out of {@link compilePolicy}, of this copy of the library or another. */
export const isPolicy = (value: unknown): value is FieldPolicy =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, brand)

const modelId = /^[A-Za-z][A-Za-z0-9._-]{0,63}$/

/** @throws GlassineError `ERR_MODEL_INVALID` */
export const checkedModelId = (id: unknown): string => {
  if (typeof id !== 'string' || !modelId.test(id))
    throw modelError('a model id is a letter and up to 63 letters, digits, dots, dashes or underscores')
  return id
}

/** A {@link PathNode} that is still being made. */
interface Growing {
  members?: [name: string, node: Growing][]
  each?: { readonly kind: 'array' | 'record'; readonly node: Growing }
  field?: FieldDeclaration
  optional: boolean
  readonly path: string
  pointer?: string
}

/**
 * Checks what was collected for a model and compiles it.
 *
 * @throws GlassineError `ERR_MODEL_INVALID` with the path at fault
 */
export const compilePolicy = <T>(model: string, raw: readonly RawField[]): FieldPolicy<T> => {
  checkedModelId(model)
  if (raw.length === 0) throw modelError(`${model} declares no field`)
  const fields: FieldDeclaration[] = []
  // Two trees: all fields, only to find those that overlap, and the sealed ones, which envelopes walk.
  const all: Growing = { optional: false, path: '', pointer: '' }
  const encrypted: Growing = { ...all }
  for (const { segments, kind, options } of raw) {
    const path = templateOf(segments)
    if (segments.some(({ name }) => isForbiddenName(name)))
      throw modelError(`${model} declares a path that reaches a prototype`, path)
    const field = { kind, path, ...options }
    fields.push(field)
    graft(all, segments, field)
    if (kind === 'encrypted') graft(encrypted, segments, field)
  }
  return deepFreeze(Object.defineProperty({ model, fields, encrypted }, brand, { value: raw }))
}

const graft = (root: Growing, segments: readonly Segment[], field: FieldDeclaration): void => {
  let node = root
  segments.forEach(({ kind, name, optional }, at) => {
    // One step of a place is a member, an element or a member of a record: a second reading of it is an overlap too.
    if (
      node.field ||
      (kind === 'member' ? node.each : node.members || (node.each && node.each.kind !== kind))
    )
      throw modelError('two declared fields overlap', field.path)
    let next: Growing = { optional, path: templateOf(segments.slice(0, at + 1)) }
    if (kind === 'member') {
      // Not the template path: a member that is really called `*` is written differently there.
      if (node.pointer !== undefined) next.pointer = `${node.pointer}/${escapePointer(name)}`
      node.members ??= []
      const known = node.members.find(([other]) => other === name)
      if (known) next = known[1]
      else node.members.push([name, next])
    } else {
      node.each ??= { kind, node: next }
      next = node.each.node
    }
    // A branch may be absent only if every field in it puts up with that: one required field requires its parents.
    next.optional &&= optional
    node = next
  })
  if (node.field || node.members || node.each) throw modelError('two declared fields overlap', field.path)
  node.field = field
}

const deepFreeze = <T extends object>(value: T): T => {
  for (const part of Object.values(value)) if (typeof part === 'object') deepFreeze(part)
  return Object.freeze(value)
}
