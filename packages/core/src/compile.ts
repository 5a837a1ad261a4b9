import { modelError } from './field-options.ts'
import { escapePointer, isForbiddenName, type Segment, templateOf } from './path.ts'
import type {
  EncryptedOptions,
  FieldDeclaration,
  FieldPolicy,
  MaskedOptions,
  PathNode,
  RecordMember,
} from './policy.ts'

/** What the decorators or `defineFields` collected of a model: its fields, and where it contains itself. */
export type Raw = RawField | RawLoop

/** One field; its options are checked already. */
export interface RawField {
  readonly segments: readonly Segment[]
  readonly kind: FieldDeclaration['kind']
  readonly options: EncryptedOptions & MaskedOptions
  readonly back?: undefined
}

/** Where a model contains itself: what is declared that many steps further up is declared here again. */
export interface RawLoop {
  readonly segments: readonly Segment[]
  readonly kind?: undefined
  readonly options?: undefined
  readonly back: number
}

/**
 * Marks checked policies and holds what they were made from. Registered, so that two copies of the
 * library recognise each other's.
 */
const brand = Symbol.for('@glassine/core/policy')

/** Whether a value was returned by {@link compilePolicy}, of this copy of the library or another. */
export const isPolicy = (value: unknown): value is FieldPolicy =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, brand)

/** What a policy was made from. */
export const rawOf = (policy: FieldPolicy): readonly Raw[] =>
  (policy as unknown as Record<symbol, Raw[]>)[brand]!

/** Whether nothing on the way round a loop may be absent or empty: then no payload would come to an end. */
export const isEndless = (round: readonly Segment[]): boolean =>
  round.every((step) => step.kind === 'member' && !step.optional)

const modelId = /^[A-Za-z][A-Za-z0-9._-]{0,63}$/

/** @throws GlassineError `ERR_MODEL_INVALID` */
export const checkedModelId = (id: unknown): string => {
  if (typeof id !== 'string' || !modelId.test(id))
    throw modelError('a model id is a letter and up to 63 letters, digits, dots, dashes or underscores')
  return id
}

/** A {@link PathNode} under construction. */
interface Growing {
  members?: [name: string, node: Growing][]
  each?: { readonly kind: 'array' | 'record'; readonly node: Growing }
  field?: FieldDeclaration
  record?: RecordMember[]
  optional: boolean
  readonly path: string
  pointer?: string
}

/**
 * Checks what was collected for a model and compiles it.
 *
 * @throws GlassineError `ERR_MODEL_INVALID` with the path at fault
 */
export const compilePolicy = <T>(model: string, raw: readonly Raw[]): FieldPolicy<T> => {
  checkedModelId(model)
  if (raw.length === 0) throw modelError(`${model} declares no field`)
  const fields: FieldDeclaration[] = []
  // Two trees: all fields, only to find those that overlap, and the sealed ones, which envelopes walk.
  const all: Growing = { optional: false, path: '' }
  // In a loop one node stands for many places, which have no pointer in common.
  const encrypted: Growing = { ...all, pointer: raw.some(({ back }) => back) ? undefined : '' }
  const loops: [end: Growing, way: readonly Segment[]][] = []
  for (const { segments, kind, options, back } of raw) {
    const path = templateOf(segments)
    if (segments.some(({ name }) => isForbiddenName(name)))
      throw modelError(`${model} declares a path that reaches a prototype`, path)
    if (!kind) {
      loops.push([grow(encrypted, segments), segments.slice(0, -back)])
      continue
    }
    const field = { kind, path, ...options }
    fields.push(field)
    graft(all, segments, field)
    if (kind === 'encrypted') graft(encrypted, segments, field)
    else if (kind === 'authenticated') addToRecord(encrypted, segments, field)
  }
  // Once all members are there: a loop leads to them and not to copies.
  for (const [end, way] of loops)
    Object.assign(end, grow(encrypted, way), { optional: end.optional, path: end.path })
  return deepFreeze(Object.defineProperty({ model, fields, encrypted }, brand, { value: raw }))
}

const overlap = ({ path }: FieldDeclaration) => modelError('two declared fields overlap', path)

const graft = (root: Growing, segments: readonly Segment[], field: FieldDeclaration): void => {
  const node = grow(root, segments, field)
  if (node.field || node.members || node.each) throw overlap(field)
  node.field = field
}

/** More members than this identify a record no better, and each is compared in every payload. */
const maxRecordMembers = 8

const addToRecord = (root: Growing, segments: readonly Segment[], field: FieldDeclaration): void => {
  const last = segments.at(-1)!
  if (last.kind !== 'member')
    throw modelError('an authenticated field is one member of an object', field.path)
  const holder = grow(root, segments.slice(0, -1), field)
  holder.record ??= []
  if (holder.record.length === maxRecordMembers)
    throw modelError(`an object has at most ${maxRecordMembers} authenticated fields`, field.path)
  holder.record.push({ name: last.name, path: field.path, optional: last.optional })
  // The root always exists.
  if (holder !== root) holder.optional &&= last.optional
}

/** The node at the end of a way; made where it is not there yet. */
const grow = (root: Growing, segments: readonly Segment[], field?: FieldDeclaration): Growing => {
  let node = root
  segments.forEach(({ kind, name, optional }, at) => {
    // One step of a place is a member, an element or a record member: reading it in a second way is an overlap too.
    if (
      node.field ||
      (kind === 'member' ? node.each : node.members || (node.each && node.each.kind !== kind))
    )
      throw overlap(field!)
    let next: Growing = { optional, path: templateOf(segments.slice(0, at + 1)) }
    if (kind === 'member') {
      // Not the template path: there, a member that is really called `*` is written differently.
      if (node.pointer !== undefined) next.pointer = `${node.pointer}/${escapePointer(name)}`
      node.members ??= []
      const known = node.members.find(([other]) => other === name)
      if (known) next = known[1]
      else node.members.push([name, next])
    } else {
      node.each ??= { kind, node: next }
      next = node.each.node
    }
    // A branch is optional only if all its fields are: one required field requires its parents.
    next.optional &&= optional
    node = next
  })
  return node
}

// Frozen before its parts, which may lead back to it.
const deepFreeze = <T extends object>(value: T): T => {
  if (!Object.isFrozen(value))
    for (const part of Object.values(Object.freeze(value)))
      if (typeof part === 'object') deepFreeze(part as object)
  return value
}
