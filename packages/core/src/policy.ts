/** The declaration of an encrypted field. */
export interface EncryptedOptions {
  /** A class of data for logs and the audit, for example `phi`. Default: none. */
  readonly label?: string
  /**
   * `true` if the field may be absent; otherwise an absent field is `ERR_FIELD_MISSING`. On a path of
   * `defineFields` it also covers every object, list and record on the way. Default `false`.
   */
  readonly optional?: boolean
  /**
   * `true`: a decrypted value of this field may leave in the clear as part of other members or texts, because it is
   * common (`Berlin`). The field itself stays encrypted. Default `false`.
   */
  readonly mayLeave?: boolean
}

/** The declaration of a field that stays readable and that the logger masks under its name. */
export interface MaskedOptions {
  /** A class of data for logs and the audit, for example `pii`. Default: none. */
  readonly label?: string
  /** How many leading characters a log may show. Default 0. */
  readonly keepFirst?: number
  /** How many trailing characters a log may show. Default 0. */
  readonly keepLast?: number
}

/** The declaration of a member that stays readable and that every encrypted value beside it is bound to. */
export interface AuthenticatedOptions {
  /** A class of data for logs and the audit. Default: none. */
  readonly label?: string
  /** `true` if the member may be absent; its absence is then bound. Default `false`, even in partial payloads. */
  readonly optional?: boolean
}

/** How the value of a nested field holds its models. */
export interface NestedOptions {
  /** `'array'`: a list of them; `'record'`: an object with a model in every member. Default: one model. */
  readonly in?: 'array' | 'record'
  /** `true` if the field may be absent or null. Default `false`. */
  readonly optional?: boolean
}

/** One declared field, identified by the model's id and the template path. */
export type FieldDeclaration =
  | ({ readonly kind: 'encrypted'; readonly path: string } & EncryptedOptions)
  | ({ readonly kind: 'masked'; readonly path: string } & MaskedOptions)
  | ({ readonly kind: 'authenticated'; readonly path: string } & AuthenticatedOptions)

/** A sealed field's declaration. */
export type EncryptedField = Extract<FieldDeclaration, { kind: 'encrypted' }>

/** An authenticated member of a container. */
export interface RecordMember {
  readonly name: string
  /** Template path, `/visits/*` + `/id`. */
  readonly path: string
  readonly optional: boolean
}

/**
 * A step of the compiled path tree. It has at most one of `members`, `each` and `field`, and none at the root of a
 * policy that seals nothing. `optional` means that the whole branch may be absent.
 */
export interface PathNode {
  readonly members?: readonly (readonly [name: string, node: PathNode])[]
  /** The node of every element of an array, or of every member of a record. */
  readonly each?: { readonly kind: 'array' | 'record'; readonly node: PathNode }
  readonly field?: FieldDeclaration
  /** The authenticated members of this object: everything in it or below it is bound to them. */
  readonly record?: readonly RecordMember[]
  readonly optional: boolean
  /** Template path up to here, `/visits/*`. */
  readonly path: string
  /** The concrete JSON Pointer if no wildcard is on the way: avoids a concatenation per payload. */
  readonly pointer?: string
}

/** A declaration, checked and compiled; made once per model by `defineFields` or from a decorated class. */
export interface FieldPolicy<T = unknown> {
  /** The model's explicit id: bundlers rename classes, so a class name would bind nothing. */
  readonly model: string
  readonly fields: readonly FieldDeclaration[]
  /** The tree of sealed fields, and of the authenticated members that they are bound to: envelopes walk it. */
  readonly encrypted: PathNode
  /** Exists only in the type: the shape of a payload in the clear. */
  readonly '~payload'?: T
}

/** Whether the decrypted values of a field must not leave in the clear, in a response or in an error. */
export const mustStay = (field: FieldDeclaration): boolean => field.kind !== 'encrypted' || !field.mayLeave
