import { isPlainObject, type PathNode } from '@glassine/core'

/** Where a value of a bundle belongs: write `holder[key]`. */
export interface Slot {
  readonly holder: Record<string, unknown>
  readonly key: string
}

/** Whether a field is every element or member of its holder, whose places keep a null for it. */
export const keepsPlaceholder = (templatePath: string): boolean => templatePath.endsWith('/*')

/**
 * Finds the declared place of a concrete JSON Pointer (RFC 6901) in a payload whose fields were taken out, or
 * nothing when no declaration leads there or the place is not free.
 *
 * @param copy - the payload's copy along the declared paths, which may be written to
 */
export const locate = (copy: unknown, root: PathNode, pointer: string): Slot | undefined => {
  const [start, ...tokens] = pointer.split('/')
  // A tilde that escapes nothing would give one place two pointers.
  if (start !== '' || /~(?![01])/.test(pointer)) return undefined
  let node = root
  let holder: unknown = copy
  for (const [at, token] of tokens.entries()) {
    const key = token.replaceAll('~1', '/').replaceAll('~0', '~')
    const next = node.each
      ? isElement(holder, key, node.each.kind)
        ? node.each.node
        : undefined
      : node.members?.find(([name]) => name === key)?.[1]
    if (next === undefined || typeof holder !== 'object' || holder === null) return undefined
    const members = holder as Record<string, unknown>
    const value = Object.hasOwn(members, key) ? members[key] : undefined
    if (at === tokens.length - 1)
      return next.field && value === (node.each ? null : undefined) ? { holder: members, key } : undefined
    node = next
    holder = value
  }
  return undefined
}

const isElement = (holder: unknown, key: string, kind: 'array' | 'record'): boolean =>
  kind === 'record'
    ? isPlainObject(holder) && Object.hasOwn(holder, key)
    : Array.isArray(holder) && String(Number(key)) === key && Number(key) < holder.length && Number(key) >= 0
