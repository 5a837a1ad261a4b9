/*
 * Puts sealed values into the JSON text that the handler wrote. Only declared places change; the rest is sent byte for
 * byte. `JSON.parse` and `JSON.stringify` would round numbers in other places.
 */
import { decodeValue, type FieldPolicy, type PathNode } from '@glassine/core'
import { childNode, isPlainObject } from '@glassine/core/internal'
import { fault } from './errors.ts'
import { endOfString, endOfValue, skipBlank } from './json-text.ts'

/**
 * The text of a payload with sealed values in the declared places. A value that the sealed payload has is replaced, one
 * that it lacks is removed (it is in a bundle), and members that only the sealed root has are added.
 *
 * @param text - JSON that was parsed, so it is well-formed
 * @throws GlassineError `ERR_RESPONSE_INVALID` for a duplicate member on a declared path, since readers differ in
 * which one counts; `ERR_VALUE_INVALID` for a declared number that JavaScript reads as another one
 */
export const spliced = (text: string, { encrypted }: FieldPolicy, sealed: unknown): string =>
  splice(text, skipBlank(text, 0), encrypted, sealed, true).text

interface Part {
  /** What the part becomes. */
  readonly text: string
  /** Where it ends in the source. */
  readonly end: number
}

const splice = (text: string, at: number, node: PathNode, sealed: unknown, isRoot = false): Part => {
  const end = endOfValue(text, at)
  if (node.field) {
    refuseInexact(text.slice(at, end), node.path)
    return { text: JSON.stringify(sealed), end }
  }
  const isList = node.each?.kind === 'array'
  if (isList && text[at] === '[' && Array.isArray(sealed)) return { text: list(text, at, node, sealed), end }
  if (!isList && text[at] === '{' && isPlainObject(sealed))
    return { text: record(text, at, node, sealed, isRoot), end }
  return { text: text.slice(at, end), end }
}

const list = (text: string, from: number, node: PathNode, sealed: readonly unknown[]): string => {
  const parts: string[] = []
  let at = skipBlank(text, from + 1)
  while (text[at] !== ']') {
    const part = splice(text, at, node.each!.node, sealed[parts.length])
    parts.push(part.text)
    at = skipBlank(text, part.end)
    if (text[at] === ',') at = skipBlank(text, at + 1)
  }
  return `[${parts.join(',')}]`
}

const record = (
  text: string,
  from: number,
  node: PathNode,
  sealed: Record<string, unknown>,
  isRoot: boolean,
): string => {
  const parts: string[] = []
  const seen = new Set<string>()
  let at = skipBlank(text, from + 1)
  while (text[at] !== '}') {
    const endOfName = endOfString(text, at)
    const nameText = text.slice(at, endOfName)
    const name = JSON.parse(nameText) as string
    const child = childNode(node, name)
    const start = skipBlank(text, skipBlank(text, endOfName) + 1)
    let end: number
    // Members that are not declared keep their bytes.
    if (child === undefined) {
      end = endOfValue(text, start)
      parts.push(text.slice(at, end))
    } else {
      if (seen.has(name))
        throw fault('ERR_RESPONSE_INVALID', {
          path: child.path,
          message: 'A declared member occurs twice in the JSON of the response',
        })
      const part = splice(text, start, child, sealed[name])
      end = part.end
      if (Object.hasOwn(sealed, name)) parts.push(`${nameText}:${part.text}`)
    }
    seen.add(name)
    at = skipBlank(text, end)
    if (text[at] === ',') at = skipBlank(text, at + 1)
  }
  if (isRoot)
    for (const name of Object.keys(sealed))
      if (!seen.has(name) && sealed[name] !== undefined)
        parts.push(`${JSON.stringify(name)}:${JSON.stringify(sealed[name])}`)
  return `{${parts.join(',')}}`
}

const refuseInexact = (json: string, path: string): void => {
  try {
    decodeValue(json)
  } catch {
    throw fault('ERR_VALUE_INVALID', {
      path,
      message: `${path}: a number that JavaScript cannot hold exactly cannot be encrypted`,
    })
  }
}
