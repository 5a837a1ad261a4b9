import { inspect, types } from 'node:util'

/** A text or bytes, read as latin1, that can be reached from a value. */
export interface Reached {
  readonly where: string
  readonly text: string
}

/** A value with more objects is a client or a server, not data. */
const maxObjects = 100_000

/** Everything readable in a value: how it is printed as a whole, and every text and bytes within it. */
export function* reachable(root: unknown): Generator<Reached> {
  const seen = new Set<unknown>()
  const objects: [where: string, value: object][] = []
  const queue: [where: string, value: unknown][] = [['value', root]]
  for (let at = 0; at < queue.length; at++) {
    const [where, value] = queue[at]!
    if (!isObject(value)) {
      if (value != null && typeof value !== 'boolean') yield { where, text: textOf(value) }
      continue
    }
    if (seen.has(value)) continue
    if (seen.add(value).size > maxObjects)
      throw new RangeError(`Finding leaks looks through ${maxObjects} objects at most`)
    const bytes = bytesOf(value)
    if (bytes) yield { where, text: bytes.toString('latin1') }
    const text =
      bytes || typeof value === 'function' || Array.isArray(value)
        ? undefined
        : printedBy(() => String(value))
    if (text !== undefined && text !== '[object Object]') yield { where: `String(${where})`, text }
    objects.push([where, value])
    queue.push(...membersOf(where, value, bytes !== undefined))
  }
  for (const [where, value] of objects)
    yield { where: `inspect(${where})`, text: printedBy(() => printed(value)) }
  if (isObject(root)) yield { where: 'JSON.stringify(value)', text: printedBy(() => JSON.stringify(root)) }
}

const isObject = (value: unknown): value is object =>
  (typeof value === 'object' && value !== null) || typeof value === 'function'

const textOf = (value: unknown): string =>
  typeof value === 'symbol' ? (value.description ?? '') : String(value)

/** What a call returns, or what its error says. */
const printedBy = (print: () => string | undefined): string => {
  try {
    return print() ?? ''
  } catch (error) {
    return printed(error)
  }
}

/** One object as a debugger prints it, including what no member leads to, such as entries of a WeakMap. */
const printed = (value: unknown): string =>
  inspect(value, {
    depth: 1, // Deeper objects are printed separately.
    showHidden: true,
    getters: true,
    maxArrayLength: null,
    maxStringLength: null,
    breakLength: Number.POSITIVE_INFINITY,
  })

/** Only the view's own bytes: small Buffers share Node's pool with others. */
const bytesOf = (value: object): Buffer | undefined =>
  ArrayBuffer.isView(value)
    ? Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    : types.isAnyArrayBuffer(value)
      ? Buffer.from(value)
      : undefined

const namesOf = (value: object): readonly PropertyKey[] => {
  if (types.isPromise(value)) return [] // With async hooks, as in Jest, Node's members of it lead everywhere.
  try {
    return Reflect.ownKeys(value)
  } catch {
    return [] // A Proxy that throws: JSON.stringify shows the error.
  }
}

/** Names and values of all own members, errors of getters, and entries of Maps and Sets. */
function* membersOf(where: string, value: object, isBytes: boolean): Generator<[string, unknown]> {
  for (const name of namesOf(value)) {
    if (isBytes && typeof name === 'string' && /^\d+$/.test(name)) continue
    const path =
      Array.isArray(value) && name !== 'length' ? `${where}[${String(name)}]` : `${where}.${String(name)}`
    yield [`a name in ${where}`, name]
    try {
      yield [path, (value as Record<PropertyKey, unknown>)[name]]
    } catch (error) {
      yield [`what ${path} throws`, error]
    }
  }
  if (types.isMap(value))
    for (const [at, entry] of [...value.entries()].entries()) {
      yield [`key ${at} of ${where}`, entry[0]]
      yield [`${where}.get(key ${at})`, entry[1]]
    }
  if (types.isSet(value))
    for (const [at, entry] of [...value].entries()) yield [`${where}.member ${at}`, entry]
}
