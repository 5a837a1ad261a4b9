import { GlassineError } from './errors.ts'
import { isPlainObject, type Json } from './json.ts'

/** Deeper values are refused: the reader's stack is not the writer's to spend. */
export const maxDepth = 100

/**
 * Writes a value as JSON (RFC 8259) that {@link decodeValue} returns exactly, type for type, or refuses it.
 *
 * `JSON.stringify` drops, rounds or rewrites what JSON has no form for (`undefined`, `NaN`, `Infinity`, `BigInt`,
 * `Date`, `Map`, class instances, cycles); here each of them throws. `-0`, lone surrogates, a leading U+FEFF, the
 * empty string and `null` are carried. `null` is a value like any other and is sealed.
 *
 * @throws GlassineError `ERR_VALUE_INVALID`, with `path` (the field's template path) and never the value
 */
export const encodeValue = (value: unknown, path: string, from: string): string => {
  const seen: object[] = []
  const fault = (reason: string) =>
    new GlassineError('ERR_VALUE_INVALID', {
      message: `${path}: ${reason} cannot be encrypted`,
      package: from,
      path,
    })

  const write = (value: unknown): string => {
    switch (typeof value) {
      case 'string':
        return JSON.stringify(value)
      case 'boolean':
        return value ? 'true' : 'false'
      case 'number':
        if (!Number.isFinite(value)) throw fault('a number that is not finite')
        return Object.is(value, -0) ? '-0' : String(value)
      case 'object':
        return value === null ? 'null' : nested(value)
      default:
        throw fault(`a value of type ${typeof value}`)
    }
  }

  const nested = (value: object): string => {
    if (seen.includes(value)) throw fault('a cycle')
    if (seen.length === maxDepth) throw fault(`a value deeper than ${maxDepth} levels`)
    seen.push(value)
    const text = Array.isArray(value) ? list(value) : record(value)
    seen.pop()
    return text
  }

  const list = (value: readonly unknown[]): string => {
    let text = '['
    for (let at = 0; at < value.length; at++) text += (at === 0 ? '' : ',') + write(value[at])
    return `${text}]`
  }

  const record = (value: object): string => {
    if (!isPlainObject(value)) throw fault('an object that is not a plain one')
    if (Object.getOwnPropertySymbols(value).length > 0) throw fault('a symbol key')
    let text = '{'
    for (const key of Object.keys(value)) {
      if (key === '__proto__') throw fault('a member named __proto__')
      const member = value[key]
      // As in JSON.stringify: `{ note: undefined }` is how TypeScript spells an optional member that is absent.
      if (member === undefined) continue
      text += `${text.length === 1 ? '' : ','}${JSON.stringify(key)}:${write(member)}`
    }
    return `${text}}`
  }

  return write(value)
}

/**
 * Reads what {@link encodeValue} wrote, or any JSON text.
 *
 * @throws SyntaxError when the text is no JSON or has a member named `__proto__`; callers turn it into their own
 * error and never let it out, since V8 quotes the text in the message
 */
export const decodeValue = (text: string): Json => {
  const value = JSON.parse(text) as Json
  // JSON.parse makes `__proto__` an own member, harmless until somebody merges it. Escapes hide it from the
  // quick test, so a text with a backslash in it takes the slow road.
  if (text.includes('__proto__') || text.includes('\\u')) refuseProto(value)
  return value
}

const refuseProto = (value: Json): void => {
  if (typeof value !== 'object' || value === null) return
  if (Object.hasOwn(value, '__proto__')) throw new SyntaxError('A member is named __proto__')
  for (const child of Object.values(value)) refuseProto(child)
}
