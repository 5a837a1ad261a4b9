export { type Binding, checkedBinding } from './binding.ts'
export type { Json } from './codec.ts'
export { decodeValue, encodeValue } from './codec.ts'
export type {
  AuthenticatedDecorator,
  EncryptedDecorator,
  MaskedDecorator,
  ModelDecorator,
  NestedDecorator,
} from './decorator-types.ts'
export { Authenticated, Encrypted, Masked, Model, Nested } from './decorators.ts'
export { defineFields, type FieldOptions } from './define-fields.ts'
export type {
  Envelope,
  EnvelopeOptions,
  OpenOptions,
  Prepared,
  PublishedKeys,
  SealOptions,
} from './envelope.ts'
export {
  type ErrorCause,
  type ErrorCode,
  type ErrorInit,
  errorCodes,
  GlassineError,
} from './errors.ts'
export type { FieldPath, PathOptions } from './field-path.ts'
export { arrayOf, type Fields, type ModelClass, type PayloadOf, policyOf } from './fields.ts'
export type { Invocation } from './invocation.ts'
export {
  type AbsentPlace,
  type Place,
  type Places,
  type PlacesOptions,
  placesOf,
  type RecordPair,
} from './places.ts'
export type {
  AuthenticatedOptions,
  EncryptedField,
  EncryptedOptions,
  FieldDeclaration,
  FieldPolicy,
  MaskedOptions,
  NestedOptions,
  PathNode,
  RecordMember,
} from './policy.ts'
export type { QueryPair, Resource } from './resource.ts'
export type { Ciphertext, Plain, PlainPayload, plain, Sealed, sealed } from './types.ts'
