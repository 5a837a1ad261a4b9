// Takes opened values out of an error that leaves the function.
import { inspect, types } from 'node:util'
import { isPlainObject } from '@glassine/core/internal'
import type { State } from './invocation.ts'
import { type Watch, watchOf } from './leave-check.ts'
import { cleanName, cleanNumber, cleanText } from './redact.ts'

/** How many objects are looked through: an error may hold a connection or a whole client. */
const mostObjects = 20_000

/**
 * An error without opened values. Lambda answers with its message and logs its own properties, and an error handler may
 * answer with either. It stays the same object if possible, because callers test its class. Its members are replaced by
 * copies if they contain a value. An error that cannot be cleaned becomes another one.
 */
export const cleanError = (state: State, error: unknown): unknown => {
  const watch = watchOf(state)
  if (!watch) return error
  try {
    if (!holdsAny(error, watch.holds)) return error
    const cleaned = copyOf(error, watch.clean, new Map())
    if (!holdsAny(cleaned, watch.holds)) return cleaned
  } catch {
    // Too deep, too large, unreadable, or a class that writes what only itself can read.
  }
  return new Error('The error held a decrypted value')
}

/** Whether a text of a value, or of anything that can be reached from it, holds an opened value. */
const holdsAny = (root: unknown, holds: Watch['holds']): boolean => {
  const seen = new Set<object>()
  const open: unknown[] = [root]
  while (open.length > 0) {
    const value = open.pop()
    if (isObject(value)) {
      if (seen.has(value)) continue
      seen.add(value)
      if (seen.size > mostObjects) throw new Error('too large')
      for (const member of membersOf(value, value === root)) open.push(member)
    } else if (value !== undefined && value !== null && holds(textOf(value))) return true
  }
  return false
}

const isObject = (value: unknown): value is object =>
  (typeof value === 'object' && value !== null) || typeof value === 'function'

const textOf = (value: unknown): string =>
  typeof value === 'symbol' ? (value.description ?? '') : String(value)

/** All that can be read of an object: its keys, their values, its elements, its bytes, what it shows of itself. */
function* membersOf(value: object, isRoot: boolean): Generator<unknown> {
  if (isBytes(value)) {
    yield bytesOf(value)
    return
  }
  if (isCollection(value)) yield* [...value].flat()
  for (const key of keysOf(value, isRoot)) {
    yield key
    yield Reflect.get(value, key)
  }
  yield shownOf(value)
}

const isCollection = (value: object): value is Map<unknown, unknown> | Set<unknown> =>
  types.isMap(value) || types.isSet(value)

const isBytes = (value: object): value is ArrayBufferView | ArrayBufferLike =>
  ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)

const bytesOf = (value: ArrayBufferView | ArrayBufferLike): string =>
  new TextDecoder().decode(value as Uint8Array)

/**
 * The keys of an object. Of an error, and of whatever was thrown, also what its class has for them: Lambda and error
 * handlers read `message` of anything.
 */
const keysOf = (value: object, isRoot: boolean): readonly PropertyKey[] => {
  const keys = new Set<PropertyKey>(Reflect.ownKeys(value))
  if (!isRoot && !isError(value)) return [...keys]
  // Not those of the last prototype, which are of every object.
  for (let of = Object.getPrototypeOf(value); of && Object.getPrototypeOf(of); of = Object.getPrototypeOf(of))
    for (const [name, { get, value: shared }] of Object.entries(Object.getOwnPropertyDescriptors(of)))
      if (get || !isObject(shared)) keys.add(name)
  return [...keys]
}

const isError = (value: unknown): value is Error => types.isNativeError(value) || value instanceof Error

/**
 * What an object makes of itself besides its keys: a URL, a Date, headers, a boxed text, a class with private members.
 */
const shownOf = (value: object): string => {
  const { toJSON, toString: toText } = value as { toJSON?: unknown; toString?: unknown }
  const isUsual =
    isPlainObject(value) || Array.isArray(value) || typeof value === 'function' || isError(value)
  return [
    typeof toJSON === 'function' && JSON.stringify(value),
    (!isUsual || inspect.custom in value) && inspect(value, { depth: 0 }),
    (Symbol.toPrimitive in value || !usualTexts.has(toText)) && String(value),
  ].join(' ')
}

/** Objects without a prototype have none. */
const usualTexts: ReadonlySet<unknown> = new Set([
  undefined,
  ...[Object, Error, Array, Function].map(({ prototype }) => prototype.toString),
])

/** Errors are changed in place; other objects are copied if they contain anything. */
const copyOf = (value: unknown, clean: Watch['clean'], copies: Map<object, unknown>): unknown => {
  if (typeof value === 'string') return cleanText(value, clean)
  if (typeof value === 'number' || typeof value === 'bigint') return cleanNumber(value, clean)
  if (typeof value === 'symbol') return cleanKey(value, clean)
  if (!isObject(value)) return value
  if (copies.has(value)) return copies.get(value)
  const held = (one: string): boolean => clean(one) !== one
  if (isError(value)) return cleanedError(value, clean, copies)
  if (isBytes(value)) return held(bytesOf(value)) ? '[redacted]' : value
  const own = (one: unknown): unknown => copyOf(one, clean, copies)
  if (typeof value === 'function' || isCollection(value) || held(shownOf(value)))
    return holdsAny(value, held) ? '[redacted]' : value
  if (Array.isArray(value)) {
    const copy: unknown[] = []
    copies.set(value, copy)
    for (const element of value) copy.push(own(element))
    return copy
  }
  // Its keys show nothing either.
  if (!isPlainObject(value) && !holdsAny(value, held)) return value
  const copy: Record<PropertyKey, unknown> = {}
  copies.set(value, copy)
  for (const key of Reflect.ownKeys(value)) {
    const { enumerable } = Object.getOwnPropertyDescriptor(value, key)!
    Object.defineProperty(copy, cleanKey(key, clean), {
      value: own(Reflect.get(value, key)),
      enumerable,
      writable: true,
      configurable: true,
    })
  }
  return copy
}

const cleanKey = <K extends PropertyKey>(key: K, clean: Watch['clean']): PropertyKey => {
  const text = textOf(key)
  const cleaned = cleanName(text, clean)
  if (cleaned === text) return key
  return typeof key === 'symbol' ? Symbol(cleaned) : cleaned
}

const cleanedError = (error: Error, clean: Watch['clean'], copies: Map<object, unknown>): Error => {
  copies.set(error, error)
  for (const key of keysOf(error, false)) {
    const member: unknown = Reflect.get(error, key)
    const cleaned = copyOf(member, clean, copies)
    const name = cleanKey(key, clean)
    if (cleaned === member && name === key) continue
    const { enumerable = false } = Object.getOwnPropertyDescriptor(error, key) ?? {}
    if (name !== key && !Reflect.deleteProperty(error, key)) throw new Error('frozen')
    Object.defineProperty(error, name, { value: cleaned, enumerable, writable: true, configurable: true })
  }
  return error
}
