import { GlassineError } from './errors.ts'
import { isPlainObject, type Json } from './json.ts'

/** Deeper values are refused: the reader's stack is not the writer's to spend. */
export const maxDepth = 100

/** Where a value belongs, and the containers on the way to the part that is being written. */
interface Position {
  readonly path: string
  readonly packageName: string
  readonly open: object[]
}

/**
 * Writes a value as JSON (RFC 8259) that {@link decodeValue} returns exactly, type for type, or refuses it.
 *
 * `JSON.stringify` drops, rounds or rewrites what JSON has no form for (`undefined`, `NaN`, `Infinity`, `BigInt`,
 * `Date`, `Map`, class instances, cycles); here each of them throws, and no `toJSON` is called. `-0`, lone
 * surrogates, a leading U+FEFF, the empty string and `null` are carried. `null` is a value like any other and is
 * sealed. A member that is `undefined` is left out, as `JSON.stringify` does; an element that is, is refused.
 *
 * @param path - the template path of the field, for the error
 * @param packageName - the package that the error names
 * @throws GlassineError `ERR_VALUE_INVALID`, with `path` and never the value
 * @example
 * ```ts
 * encodeValue({ at: -0 }, '/reading', '@glassine/message') // '{"at":-0}'
 * ```
 */
export const encodeValue = (value: unknown, path: string, packageName: string): string =>
  // Most fields are strings: they need no bookkeeping.
  typeof value === 'string' ? JSON.stringify(value) : write(value, { path, packageName, open: [] })

const refusal = (reason: string, { path, packageName }: Position): GlassineError =>
  new GlassineError('ERR_VALUE_INVALID', {
    message: `${path}: ${reason} cannot be encrypted`,
    package: packageName,
    path,
  })

const write = (value: unknown, at: Position): string => {
  switch (typeof value) {
    case 'string':
      // Well-formed: a lone surrogate is written as an escape and read back as it was.
      return JSON.stringify(value)
    case 'boolean':
      return String(value)
    case 'number':
      if (!Number.isFinite(value)) throw refusal('a number that is not finite', at)
      return Object.is(value, -0) ? '-0' : String(value)
    case 'object':
      return value === null ? 'null' : container(value, at)
    default:
      throw refusal(`a value of type ${typeof value}`, at)
  }
}

const container = (value: object, at: Position): string => {
  const { open } = at
  if (open.includes(value)) throw refusal('a cycle', at)
  if (open.length === maxDepth) throw refusal(`a value deeper than ${maxDepth} levels`, at)
  open.push(value)
  const text = Array.isArray(value) ? list(value, at) : record(value, at)
  open.pop()
  return text
}

const list = (value: readonly unknown[], at: Position): string => {
  // Array.prototype is an array in every realm, and the prototype of a class that extends Array is none. Named
  // properties (the result of `RegExp.exec` has some) would be lost, and holes would come back filled.
  if (!Array.isArray(Object.getPrototypeOf(value)) || Object.keys(value).length !== value.length)
    throw refusal('an array with holes, names or a class of its own', at)
  let text = '['
  for (let index = 0; index < value.length; index++)
    text += (index === 0 ? '' : ',') + write(value[index], at)
  return `${text}]`
}

const record = (value: object, at: Position): string => {
  if (!isPlainObject(value)) throw refusal('an object that is not a plain one', at)
  if (Object.getOwnPropertySymbols(value).length > 0) throw refusal('a symbol key', at)
  let text = '{'
  for (const key of Object.keys(value)) {
    if (key === '__proto__') throw refusal('a member named __proto__', at)
    const member = value[key]
    // `{ note: undefined }` is how TypeScript spells an optional member that is absent.
    if (member === undefined) continue
    text += `${text.length === 1 ? '' : ','}${JSON.stringify(key)}:${write(member, at)}`
  }
  return `${text}}`
}

/**
 * Reads what {@link encodeValue} wrote, or any JSON text that is no deeper. One level more than there is allowed,
 * for formats that hold several values in one object.
 *
 * @throws SyntaxError when the text is no JSON, is too deep or has a member named `__proto__`; callers turn it into
 * their own error and never let it out, since V8 quotes the text in the message
 * @example
 * ```ts
 * decodeValue('{"at":-0}') // { at: -0 }
 * ```
 */
export const decodeValue = (text: string): Json => {
  const value = JSON.parse(text) as Json
  // Only a text of some length can be too deep. JSON.parse makes `__proto__` an own member, harmless until somebody
  // merges it; escapes hide it from the quick test, so a text with a backslash in it takes the slow road.
  if (text.length > 2 * maxDepth || text.includes('__proto__') || text.includes('\\u')) inspect(value, 0)
  return value
}

const inspect = (value: Json, depth: number): void => {
  if (typeof value !== 'object' || value === null) return
  if (depth > maxDepth) throw new SyntaxError('The value is too deep')
  if (Object.hasOwn(value, '__proto__')) throw new SyntaxError('A member is named __proto__')
  for (const child of Object.values(value)) inspect(child, depth + 1)
}
