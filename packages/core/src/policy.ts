/** What a declaration says of a field that is sealed. */
export interface EncryptedOptions {
  /** A class of data for logs and the audit, for example `phi`. */
  readonly label?: string
  /**
   * `true` when the field may be absent; without it an absent field is `ERR_FIELD_MISSING`. On a path of
   * `defineFields` it covers every object, list and record on the way too. Default `false`.
   */
  readonly optional?: boolean
}

/** What a declaration says of a field that stays readable but is never logged whole. */
export interface MaskedOptions {
  /** A class of data for logs and the audit, for example `pii`. */
  readonly label?: string
  /** How many characters at the start a log may show. Default 0. */
  readonly keepFirst?: number
  /** How many characters at the end a log may show. Default 0. */
  readonly keepLast?: number
}

/** How the value of a nested field holds its models. */
export interface NestedOptions {
  /** `'array'`: a list of them; `'record'`: an object with a model in every member. Default: one model. */
  readonly in?: 'array' | 'record'
  /** `true` when the field may be absent or null. Default `false`. */
  readonly optional?: boolean
}

/** One declared field: its identity is the model's id and the template path. */
export type FieldDeclaration =
  | ({ readonly kind: 'encrypted'; readonly path: string } & EncryptedOptions)
  | ({ readonly kind: 'masked'; readonly path: string } & MaskedOptions)

/** A sealed field's declaration. */
export type EncryptedField = Extract<FieldDeclaration, { kind: 'encrypted' }>

/**
 * A step of the compiled path tree. At most one of `members`, `each` and `field` is there; none at the root of a
 * policy that seals nothing. `optional` says that the whole branch may be absent.
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
