/*
 * What `explain` of `@glassine/testing` reads. It is no part of the public API and changes without notice.
 */
export type { MessageContext } from './contexts.ts'
export { optionsOf } from './envelope.ts'
export { type CheckedEnvelopeOptions, contextFor } from './envelope-options.ts'
export { decodeMessage, isMessageText } from './header.ts'
export { openMessage } from './message.ts'
export { digestOf } from './payload-set.ts'
export type { ReadMessage } from './reader.ts'
