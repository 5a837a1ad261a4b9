/*
 * What `explain` of `@glassine/testing` reads. It is no part of the public API and changes without notice.
 */
export { optionsOf } from './envelope.ts'
export type { CheckedEnvelopeOptions } from './envelope-options.ts'
export { contextHash } from './fields/context.ts'
export { withProof } from './fields/recognise.ts'
export { openToken } from './fields/tokens.ts'
export { looksLikeJwe, readHeader } from './jwe/compact.ts'
