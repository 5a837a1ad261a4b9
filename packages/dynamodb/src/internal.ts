/*
 * What `explain` of `@glassine/testing` reads. It is no part of the public API and changes without notice.
 */
export { footName, headName, reservedPrefix } from './attributes/attribute-value.ts'
export { isKeyOf, tenantIn } from './item/invocation.ts'
