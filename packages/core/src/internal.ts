/*
 * What the packages of Glassine lend each other. It is no part of the public API and changes without notice. Like all
 * of core it has no side effect and nothing of Node.
 */
export { fieldContextKey, modelContextKey } from './binding.ts'
export * from './bundle.ts'
export { maxDepth } from './codec.ts'
export { optionError } from './errors.ts'
export { isPlainObject } from './json.ts'
export { maskValue } from './mask.ts'
export * from './options.ts'
export * from './package-errors.ts'
export * from './payload-shapes.ts'
export { maxPlaces } from './places.ts'
export * from './prepared.ts'
export * from './session-wire.ts'
export * from './shape-options.ts'
