import { modelError } from './field-options.ts'
import { escapePointer, isForbiddenName, type Segment, templateOf } from './path.ts'
import type { EncryptedOptions, FieldDeclaration, FieldPolicy, MaskedOptions, PathNode } from './policy.ts'

/** What the decorators or `defineFields` collected of one field; the options are checked already. */
export interface RawField {
  readonly segments: readonly Segment[]
  /** The numbers of segments at which this field puts up with an ancestor that is absent or null. */
  readonly optionalAt: readonly number[]
  readonly kind: FieldDeclaration['kind']
  readonly options: EncryptedOptions & MaskedOptions
}

/** Marks the policies that were checked; registered, so that two copies of the library know each other's. */
const brand = Symbol.for('@glassine/core/policy')

/** Whether a value came out of {@link compilePolicy}, of this copy of the library or another. */
export const isPolicy = (value: unknown): value is FieldPolicy =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, brand)

const modelId = /^[A-Za-z][A-Za-z0-9._-]{0,63}$/

/** @throws GlassineError `ERR_MODEL_INVALID` */
export const checkedModelId = (id: unknown): string => {
  if (typeof id !== 'string' || !modelId.test(id))
    throw modelError('A model id is a letter and up to 63 letters, digits, dots, dashes or underscores')
  return id
}

interface Growing {
  members?: Map<string, Growing>
  each?: { kind: 'array' | 'record'; node: Growing }
  field?: FieldDeclaration
  optional: boolean
  path: string
}

/**
 * Checks what was collected for a model and compiles it.
 *
 * @throws GlassineError `ERR_MODEL_INVALID` with the path at fault
 */
export const compilePolicy = <T>(model: string, raw: readonly RawField[]): FieldPolicy<T> => {
  checkedModelId(model)
  const fault = (message: string, path?: string) => modelError(`model ${model}: ${message}`, path)
  if (raw.length === 0) throw fault('no field is declared')
  const all = new Map<string, FieldDeclaration>()
  const root: Growing = { optional: false, path: '' }
  for (const { segments, optionalAt, kind, options } of raw) {
    const path = templateOf(segments)
    if (all.has(path)) throw fault('a field is declared twice', path)
    for (const other of all.keys())
      if (path.startsWith(`${other}/`) || other.startsWith(`${path}/`))
        throw fault('one declared field lies inside another', path)
    for (const segment of segments)
      if (segment.kind === 'member' && isForbiddenName(segment.name))
        throw fault('a path may not reach a prototype', path)
    const declaration = Object.freeze({ kind, path, ...options }) as FieldDeclaration
    all.set(path, declaration)
    if (kind === 'encrypted') graft(root, segments, optionalAt, declaration, fault)
  }
  const fields = Object.freeze([...all.values()])
  const policy = { model, fields, encrypted: frozen(root, '') }
  return Object.freeze(Object.defineProperty(policy, brand, { value: true }))
}

const graft = (
  root: Growing,
  segments: readonly Segment[],
  optionalAt: readonly number[],
  field: FieldDeclaration,
  fault: (message: string, path: string) => Error,
): void => {
  let node = root
  segments.forEach((segment, at) => {
    const path = templateOf(segments.slice(0, at + 1))
    // A branch may be absent only if every field in it puts up with that: one required field requires its parents.
    const optional = optionalAt.includes(at + 1)
    let next: Growing
    if (segment.kind === 'member') {
      if (node.each) throw fault('a place is both an object and a list or record', path)
      node.members ??= new Map()
      next = node.members.get(segment.name) ?? { optional, path }
      node.members.set(segment.name, next)
    } else {
      if (node.members || (node.each && node.each.kind !== segment.kind))
        throw fault('a place is both an object and a list or record', path)
      node.each ??= { kind: segment.kind, node: { optional, path } }
      next = node.each.node
    }
    next.optional &&= optional
    node = next
  })
  node.field = field
  node.optional = field.kind === 'encrypted' && field.optional === true
}

const frozen = (node: Growing, pointer: string | undefined): PathNode =>
  Object.freeze({
    optional: node.optional,
    path: node.path,
    ...(pointer !== undefined && { pointer }),
    ...(node.field && { field: node.field }),
    ...(node.each && {
      each: Object.freeze({ kind: node.each.kind, node: frozen(node.each.node, undefined) }),
    }),
    ...(node.members && {
      members: Object.freeze(
        [...node.members].map(([name, child]) => {
          // Not the child's template path: a member that is really called `*` is written differently there.
          const at = pointer === undefined ? undefined : `${pointer}/${escapePointer(name)}`
          return Object.freeze([name, frozen(child, at)] as const)
        }),
      ),
    }),
  })
