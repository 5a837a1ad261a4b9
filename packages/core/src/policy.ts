import { GlassineError } from './errors.ts'
import { type Segment, segmentsOf, templateOf } from './path.ts'

/** What a declaration says of a field that is sealed. */
export interface EncryptedOptions {
  /** A class of data for logs and the audit, for example `phi`. */
  readonly label?: string
  /** `true` when the field may be absent; without it an absent field is `ERR_FIELD_MISSING`. Default `false`. */
  readonly optional?: boolean
  /** Queried by equality in DynamoDB by a truncated HMAC of this many bits, 1 to 63. */
  readonly beacon?: { readonly bits: number }
}

/** What a declaration says of a field that stays readable but is never logged whole. */
export interface MaskedOptions {
  readonly label?: string
  /** How many characters at the start a log may show. Default 0. */
  readonly keepFirst?: number
  /** How many characters at the end a log may show. Default 0. */
  readonly keepLast?: number
}

/** One declared field: its identity is the model's id and the template path. */
export type FieldDeclaration =
  | ({ readonly kind: 'encrypted'; readonly path: string } & EncryptedOptions)
  | ({ readonly kind: 'masked'; readonly path: string } & MaskedOptions)

/** A sealed field's declaration. */
export type EncryptedField = Extract<FieldDeclaration, { kind: 'encrypted' }>

/**
 * A step of the compiled path tree. Exactly one of `members`, `each` and `field` is there.
 * `optional` says that the whole branch may be absent.
 */
export interface PathNode {
  readonly members?: readonly (readonly [name: string, node: PathNode])[]
  /** The node of every element of an array, or of every member of a record. */
  readonly each?: { readonly kind: 'array' | 'record'; readonly node: PathNode }
  readonly field?: FieldDeclaration
  readonly optional: boolean
  /** Template path up to here, `/visits/*`. */
  readonly path: string
  /** The concrete JSON Pointer, when no wildcard stands on the way: spares the concatenation per payload. */
  readonly pointer?: string
}

/** A declaration, checked and compiled; made once per model by `defineFields` or from a decorated class. */
export interface FieldPolicy<T = unknown> {
  /** The model's explicit id: bundlers rename classes, so a class name binds nothing. */
  readonly model: string
  readonly fields: readonly FieldDeclaration[]
  /** The tree of sealed fields only: what envelopes walk. */
  readonly encrypted: PathNode
  /** Only in the type: the shape of a payload in the clear. */
  readonly '~payload'?: T
}

/** What a decorator or `defineFields` collected, before it is checked. */
export interface RawField {
  readonly segments: readonly Segment[]
  /** Segments counts at which an ancestor was declared optional. */
  readonly optionalAt: readonly number[]
  readonly kind: FieldDeclaration['kind']
  readonly options: EncryptedOptions & MaskedOptions
}

const from = '@glassine/core'
const modelId = /^[A-Za-z][A-Za-z0-9._-]{0,63}$/

interface Growing {
  members?: Map<string, Growing>
  each?: { kind: 'array' | 'record'; node: Growing }
  field?: FieldDeclaration
  optional: boolean
  path: string
}

/** Checks what was collected for a model and compiles it; `ERR_MODEL_INVALID` names the path at fault. */
export const compilePolicy = <T>(model: string, raw: readonly RawField[]): FieldPolicy<T> => {
  const fault = (message: string, path?: string) =>
    new GlassineError('ERR_MODEL_INVALID', { message: `model ${model}: ${message}`, package: from, path })
  if (typeof model !== 'string' || !modelId.test(model))
    throw new GlassineError('ERR_MODEL_INVALID', {
      message: 'A model id is a letter followed by up to 63 letters, digits, dots, dashes or underscores',
      package: from,
    })
  const all = new Map<string, FieldDeclaration>()
  const root: Growing = { optional: false, path: '' }
  for (const { segments, optionalAt, kind, options } of raw) {
    const path = templateOf(segments)
    if (all.has(path)) throw fault('a field is declared twice', path)
    for (const other of all.keys())
      if (path.startsWith(`${other}/`) || other.startsWith(`${path}/`))
        throw fault('one declared field lies inside another', path)
    const declaration = Object.freeze({ kind, path, ...options }) as FieldDeclaration
    all.set(path, declaration)
    if (kind === 'encrypted') graft(root, segments, optionalAt, declaration, fault)
  }
  return Object.freeze({ model, fields: Object.freeze([...all.values()]), encrypted: frozen(root, '') })
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
    if (segment.kind === 'member') {
      if (node.each) throw fault('a place is both an object and a list or record', path)
      node.members ??= new Map()
      const next: Growing = node.members.get(segment.name) ?? { optional: false, path }
      node.members.set(segment.name, next)
      node = next
    } else {
      if (node.members || (node.each && node.each.kind !== segment.kind))
        throw fault('a place is both an object and a list or record', path)
      node.each ??= { kind: segment.kind, node: { optional: false, path } }
      node = node.each.node
    }
    if (optionalAt.includes(at + 1)) node.optional = true
  })
  node.field = field
  if (field.kind === 'encrypted' && field.optional) node.optional = true
}

const frozen = (node: Growing, pointer: string | undefined): PathNode =>
  Object.freeze({
    optional: node.optional,
    path: node.path,
    ...(pointer !== undefined && { pointer }),
    ...(node.field && { field: node.field }),
    ...(node.each && { each: { kind: node.each.kind, node: frozen(node.each.node, undefined) } }),
    ...(node.members && {
      members: [...node.members].map(
        ([name, child]) => [name, frozen(child, pointer === undefined ? undefined : child.path)] as const,
      ),
    }),
  })

/** Parses `address.street`, `visits[*].note` and `phones.*` as {@link RawField} segments. */
export const rawField = (
  path: string,
  kind: FieldDeclaration['kind'],
  options: RawField['options'],
): RawField => ({
  segments: segmentsOf(path),
  optionalAt: [],
  kind,
  options,
})
