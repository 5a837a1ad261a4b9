/** What JSON can carry: the only values that can be sealed. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/**
 * An object that may be copied by spreading: a literal, a parsed one, or one without a prototype.
 *
 * @example
 * ```ts
 * isPlainObject(JSON.parse('{}')) // true
 * isPlainObject(new Map()) // false
 * ```
 */
export const isPlainObject = (value: unknown): value is Record<string, unknown> => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: object | null = Object.getPrototypeOf(value)
  if (prototype === null || prototype === Object.prototype) return true
  // An object of another realm (vm, structuredClone under Jest) has another Object.prototype. An instance of a
  // class that extends null has a root prototype too, but without this method.
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf')
}

/** The members of an object that are not undefined: an undefined option was not given. */
export const definedMembers = <T extends object>(members: T): T =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as T
