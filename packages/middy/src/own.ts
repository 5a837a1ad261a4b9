import { isPlainObject } from '@glassine/core'

/**
 * The value of an own data property. What is inherited or behind a getter counts as absent: Lambda parses events
 * from JSON, which makes neither, so whoever sends one of them wants to be taken for something else.
 */
export const own = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null
    ? Object.getOwnPropertyDescriptor(value, name)?.value
    : undefined

/** An own data property that is a string. */
export const ownText = (value: unknown, name: string): string | undefined => {
  const found = own(value, name)
  return typeof found === 'string' ? found : undefined
}

/** An own data property that is a plain object. */
export const ownObject = (value: unknown, name: string): Record<string, unknown> | undefined => {
  const found = own(value, name)
  return isPlainObject(found) ? found : undefined
}
