/**
 * Input shapes of the operations: what a member must be, and AWS's message when it is not.
 *
 * A shape is declared once per operation and gives both the check and the TypeScript type of the input, so
 * that a handler never sees an unchecked value.
 */
import { invalid, KmsError } from './errors.ts'

/** Reads one member; constraint violations are pushed to `found`, wrong JSON types are thrown at once. */
export interface Member<T> {
  read(value: unknown, path: string, found: string[]): T
}

/** A declared input. */
export type Shape = Readonly<Record<string, Member<unknown>>>

/** The TypeScript type of a checked input. */
export type Input<S extends Shape> = {
  readonly [K in keyof S]: S[K] extends Member<infer T> ? T : never
}

interface Bounds {
  readonly min?: number
  readonly max?: number
}

const fail = (found: string[], value: string, path: string, constraint: string): void => {
  found.push(`Value ${value}at '${path}' failed to satisfy constraint: Member must ${constraint}`)
}

/** The message of AWS's deserialiser for a JSON value of the wrong type; it depends on the kind of value. */
const complaint = (value: unknown, wanted: string): string => {
  if (Array.isArray(value)) return 'Start of list found where not expected'
  if (typeof value === 'object') return 'Start of structure or map found where not expected.'
  // It has two tokens for booleans: TRUE_VALUE, FALSE_VALUE.
  const name = typeof value === 'boolean' ? `${value}` : typeof value
  const article = /^[AEIOU]/.test(wanted) ? 'an' : 'a'
  return `${name.toUpperCase()}_VALUE can not be converted to ${article} ${wanted}`
}

const mistyped = (value: unknown, wanted: string): KmsError =>
  new KmsError('SerializationException', complaint(value, wanted))

const checkLength = (
  length: number,
  { min, max }: Bounds,
  shown: string,
  path: string,
  found: string[],
): void => {
  if (min !== undefined && length < min)
    fail(found, shown, path, `have length greater than or equal to ${min}`)
  if (max !== undefined && length > max) fail(found, shown, path, `have length less than or equal to ${max}`)
}

/** Makes a member mandatory. */
export const required = <T>(member: Member<T | undefined>): Member<T> => ({
  read(value, path, found) {
    const read = member.read(value, path, found)
    if (read === undefined) fail(found, 'null ', path, 'not be null')
    return read as T
  },
})

/** JSON `null` counts as absent, as in AWS's protocol. */
const optional = <T>(read: (value: unknown, path: string, found: string[]) => T): Member<T | undefined> => ({
  read: (value, path, found) =>
    value === undefined || value === null ? undefined : read(value, path, found),
})

/** A string; lengths are in UTF-16 units. AWS's message repeats the value, so secrets are never text. */
export const text = (bounds: Bounds & { readonly pattern?: RegExp } = {}): Member<string | undefined> =>
  optional((value, path, found) => {
    if (typeof value !== 'string') throw mistyped(value, 'String')
    checkLength(value.length, bounds, `'${value}' `, path, found)
    if (bounds.pattern !== undefined && !bounds.pattern.test(value)) {
      fail(found, `'${value}' `, path, `satisfy regular expression pattern: ${bounds.pattern.source}`)
    }
    return value
  })

/** One of a closed list; messages print the list in the order given, which is AWS's where a recording shows it. */
export const oneOf = <const T extends string>(values: readonly T[]): Member<T | undefined> =>
  optional((value, path, found) => {
    if (typeof value !== 'string') throw mistyped(value, 'String')
    if (!(values as readonly string[]).includes(value)) {
      fail(found, `'${value}' `, path, `satisfy enum value set: [${values.join(', ')}]`)
    }
    return value as T
  })

/** A whole number within bounds. */
export const integer = ({ min, max }: Bounds = {}): Member<number | undefined> =>
  optional((value, path, found) => {
    if (!Number.isInteger(value)) throw mistyped(value, 'Integer')
    const number = value as number
    if (min !== undefined && number < min)
      fail(found, `'${number}' `, path, `have value greater than or equal to ${min}`)
    if (max !== undefined && number > max)
      fail(found, `'${number}' `, path, `have value less than or equal to ${max}`)
    return number
  })

/** A boolean. */
export const flag = (): Member<boolean | undefined> =>
  optional((value) => {
    if (typeof value !== 'boolean') throw mistyped(value, 'Boolean')
    return value
  })

/** Bytes, base64 on the wire; in process also a `Uint8Array`. Messages never repeat the value. */
export const blob = (bounds: Bounds = {}): Member<Buffer | undefined> =>
  optional((value, path, found) => {
    let bytes: Buffer
    if (value instanceof Uint8Array) bytes = Buffer.from(value)
    else if (typeof value !== 'string') throw mistyped(value, 'Blob')
    else if (!/^[A-Za-z0-9+/]*={0,2}$/.test(value)) {
      throw new KmsError('SerializationException', 'STRING_VALUE can not be converted to a Blob')
    } else bytes = Buffer.from(value, 'base64')
    checkLength(bytes.length, bounds, '', path, found)
    return bytes
  })

/** A list; AWS counts its members from 1. */
export const list = <T>(member: Member<T>, bounds: Bounds = {}): Member<T[] | undefined> =>
  optional((value, path, found) => {
    if (!Array.isArray(value)) throw mistyped(value, 'List')
    checkLength(value.length, bounds, '', path, found)
    return value.map((entry, index) => member.read(entry, `${path}.${index + 1}.member`, found))
  })

/** A map of strings, such as an encryption context. */
export const textMap = (): Member<Record<string, string> | undefined> =>
  optional((value) => {
    if (typeof value !== 'object' || Array.isArray(value)) throw mistyped(value, 'Map')
    // No prototype: a context may have an entry that is called `__proto__`.
    const map: Record<string, string> = Object.create(null)
    for (const [key, entry] of Object.entries(value as object)) {
      if (typeof entry !== 'string') throw mistyped(entry, 'String')
      map[key] = entry
    }
    return map
  })

/** AWS's messages name members in camel case, unlike the wire. */
const wireName = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1)

/** Reads the declared members and ignores all others, as AWS does. */
const readMembers = <S extends Shape>(shape: S, value: object, prefix: string, found: string[]): Input<S> => {
  const read: Record<string, unknown> = {}
  for (const name of Object.keys(shape)) {
    // Own members only: a body with `__proto__` must not supply values.
    const member = Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined
    read[name] = shape[name]?.read(member, prefix + wireName(name), found)
  }
  return read as Input<S>
}

/** A nested structure. */
export const structure = <S extends Shape>(shape: S): Member<Input<S> | undefined> =>
  optional((value, path, found) => {
    if (typeof value !== 'object' || Array.isArray(value)) throw mistyped(value, 'Structure')
    return readMembers(shape, value as object, `${path}.`, found)
  })

/** Checks a whole input; throws one `ValidationException` that names every violation, as AWS does. */
export const readInput = <S extends Shape>(shape: S, value: unknown): Input<S> => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw mistyped(value, 'Structure')
  const found: string[] = []
  const input = readMembers(shape, value, '', found)
  if (found.length > 0) {
    throw invalid(
      `${found.length} validation error${found.length > 1 ? 's' : ''} detected: ${found.join('; ')}`,
    )
  }
  return input
}
