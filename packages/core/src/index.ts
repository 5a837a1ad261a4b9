export { type Binding, checkedBinding } from './binding.ts'
export { decodeValue, encodeValue } from './codec.ts'
export type {
  EncryptedDecorator,
  MaskedDecorator,
  ModelDecorator,
  NestedDecorator,
} from './decorator-types.ts'
export { Encrypted, Masked, Model, Nested } from './decorators.ts'
export { defineFields, type FieldOptions } from './define-fields.ts'
export type { Envelope, EnvelopeOptions, OpenOptions, Prepared } from './envelope.ts'
export {
  type ErrorCause,
  type ErrorCode,
  type ErrorInit,
  errorCodes,
  GlassineError,
} from './errors.ts'
export type { FieldPath, PathOptions } from './field-path.ts'
export { type Fields, type ModelClass, type PayloadOf, policyOf } from './fields.ts'
export type { Invocation } from './invocation.ts'
export type { Json } from './json.ts'
export {
  type AbsentPlace,
  type Place,
  type Places,
  type PlacesOptions,
  placesOf,
} from './places.ts'
export type {
  EncryptedField,
  EncryptedOptions,
  FieldDeclaration,
  FieldPolicy,
  MaskedOptions,
  NestedOptions,
  PathNode,
} from './policy.ts'
export type { Ciphertext, Plain, plain, Sealed, sealed } from './types.ts'
