/** What JSON can carry: the only values that can be sealed. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** An object that may be copied by spreading: a literal, a parsed one, or one without a prototype. */
export const isPlainObject = (value: unknown): value is Record<string, unknown> => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  // Not `=== Object.prototype`: an object of another realm (vm, structuredClone under Jest) has another one.
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
