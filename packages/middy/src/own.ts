import { isPlainObject } from '@glassine/core/internal'

/**
 * The value at a path of own data properties. What is inherited or behind a getter counts as absent: Lambda parses
 * events from JSON, which makes neither, so whoever sends one of them wants to be taken for something else.
 */
export const own = (value: unknown, ...path: readonly string[]): unknown => {
  let found = value
  for (const name of path)
    found =
      typeof found === 'object' && found !== null
        ? Object.getOwnPropertyDescriptor(found, name)?.value
        : undefined
  return found
}

/** A string at a path of own data properties. */
export const ownText = (value: unknown, ...path: readonly string[]): string | undefined => {
  const found = own(value, ...path)
  return typeof found === 'string' ? found : undefined
}

/** A plain object at a path of own data properties. */
export const ownObject = (
  value: unknown,
  ...path: readonly string[]
): Record<string, unknown> | undefined => {
  const found = own(value, ...path)
  return isPlainObject(found) ? found : undefined
}
