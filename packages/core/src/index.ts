export { type Binding, checkedBinding, fieldContextKey, modelContextKey, type Scope } from './binding.ts'
export { decodeValue, encodeValue, maxDepth } from './codec.ts'
export type { Envelope, EnvelopeOptions, Prepared } from './envelope.ts'
export {
  type ErrorCause,
  type ErrorCode,
  type ErrorInit,
  errorCodes,
  GlassineError,
  optionError,
} from './errors.ts'
export { isPlainObject, type Json } from './json.ts'
export {
  type AbsentPlace,
  maxPlaces,
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
  PathNode,
} from './policy.ts'
