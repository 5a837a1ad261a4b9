import { GlassineError } from './errors.ts'

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

/** Deeper values are refused, so that a payload cannot overflow the reader's stack. */
export const maxDepth = 100

/** The place of a value, and the containers on the way to the part being written. */
interface Position {
  readonly path: string
  readonly packageName: string
  readonly open: object[]
}

/**
 * Writes a value as JSON (RFC 8259) that {@link decodeValue} returns exactly, with its type, or refuses it.
 *
 * `JSON.stringify` drops, rounds or rewrites values that JSON cannot represent (`undefined`, `NaN`, `Infinity`,
 * `BigInt`, `Date`, `Map`, class instances, cycles); here each of them throws, and `toJSON` is never called. `-0`, lone
 * surrogates, a leading U+FEFF, the empty string and `null` are kept. `null` is a value like any other and is sealed. A
 * member that is `undefined` is left out, as by `JSON.stringify`; such an element is refused.
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
      // Well-formed: a lone surrogate is written as an escape and read back unchanged.
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
  // Array.prototype is an array in every realm; the prototype of a class that extends Array is not. Named
  // properties (the result of `RegExp.exec` has some) would be lost, and holes would be filled.
  if (!Array.isArray(Object.getPrototypeOf(value)) || Object.keys(value).length !== value.length)
    throw refusal('an array with holes, names or its own class', at)
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
    // `{ note: undefined }` is how TypeScript often spells an absent optional member.
    if (member === undefined) continue
    text += `${text.length === 1 ? '' : ','}${JSON.stringify(key)}:${write(member, at)}`
  }
  return `${text}}`
}

/**
 * Reads what {@link encodeValue} wrote, or equivalent JSON from other writers: no deeper, and with numbers that
 * stay the same when written again. So every value that can be read can be written.
 *
 * @param levels - how many containers may be nested; default 100. One more for formats that hold several values
 * in one object.
 * @throws SyntaxError if the text is not JSON, is too deep, has a member named `__proto__` or a number that is not
 * exact. Callers must replace it, since V8 quotes the text in the message
 * @example
 * ```ts
 * decodeValue('{"at":-0}') // { at: -0 }
 * ```
 */
export const decodeValue = (text: string, levels: number = maxDepth): Json => {
  const value = parseJson(text, levels)
  // A text that is one string contains no number.
  if (text.charCodeAt(0) !== quote && mayBeInexact.test(text)) refuseInexact(text)
  return value
}

/**
 * Parses a payload whose declared values are checked elsewhere: like {@link decodeValue}, but with numbers as
 * JavaScript reads them.
 *
 * @throws SyntaxError as {@link decodeValue}
 */
export const parseJson = (text: string, levels: number = maxDepth + 1): Json => {
  const value = JSON.parse(text) as Json
  // Only long text can be too deep. JSON.parse makes `__proto__` an own member, harmless until it is
  // merged. Escapes hide it from the quick test, so text with a `\u` escape takes the slow path.
  if (text.length > 2 * levels || text.includes('__proto__') || text.includes('\\u')) inspect(value, levels)
  return value
}

const inspect = (value: Json, levels: number): void => {
  if (typeof value !== 'object' || value === null) return
  if (levels === 0) throw new SyntaxError('The value is too deep')
  if (Object.hasOwn(value, '__proto__')) throw new SyntaxError('A member is named __proto__')
  for (const child of Object.values(value)) inspect(child, levels - 1)
}

const quote = 0x22

/** A number of sixteen digits, or with a fraction or an exponent, where a value may begin; rarely it is in a string. */
const mayBeInexact = /(?:^|[[,:])\s*-?\d(?:\d{15}|\d*[.eE])/

const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g

/** @throws SyntaxError for a number that JavaScript reads as a different one */
const refuseInexact = (json: string): void => {
  for (const [token] of json.matchAll(tokens))
    if (token.charCodeAt(0) !== quote && !isExact(token)) throw new SyntaxError('A number is not exact')
}

/** The most significant digits with which doubles are written. */
const maxDigits = 17

/**
 * Whether JavaScript reads a JSON number as it is meant: integers exactly, fractions to the 17 digits that others write
 * for the same double.
 */
export const isExact = (token: string): boolean => {
  const value = Number(token)
  if (!Number.isFinite(value)) return false
  const written = decimalOf(token)
  const read = decimalOf(String(value))
  if (written.digits === read.digits && written.exponent === read.exponent) return true
  return written.exponent < 0 && value !== 0 && written.digits.length <= maxDigits
}

/** A number as its significant digits and a power of ten. */
const decimalOf = (token: string): { readonly digits: string; readonly exponent: number } => {
  const [, whole, fraction = '', power = '0'] = /^-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(token)!
  const all = (whole! + fraction).replace(/^0+/, '')
  const digits = all.replace(/0+$/, '')
  return digits === ''
    ? { digits, exponent: 0 }
    : { digits, exponent: Number(power) - fraction.length + (all.length - digits.length) }
}
