import { isPlainObject, maxDepth } from './codec.ts'
import { GlassineError } from './errors.ts'
import { escapePointer, isForbiddenName, visitChildren } from './path.ts'
import type { EncryptedField, FieldPolicy, PathNode } from './policy.ts'
import { type RecordPair, recordPairs } from './record.ts'

export type { RecordPair } from './record.ts'

/** The place of one declared field in one payload: write `holder[key]`, in the copy, to replace it. */
export interface Place {
  readonly field: EncryptedField
  /** The concrete JSON Pointer (RFC 6901) that the ciphertext is bound to, `/visits/0/note`. */
  readonly pointer: string
  readonly holder: Record<string, unknown>
  readonly key: string
  readonly value: unknown
  /** The authenticated members that it is bound to: those of every container on its way, outermost first. */
  readonly record: readonly RecordPair[]
}

/** A copy of a payload along its declared paths only, and the places in it. */
export interface Places<T = unknown> {
  readonly copy: T
  readonly places: readonly Place[]
  /** Required fields that are absent; empty unless `absent` is `'collect'`. */
  readonly absent: readonly AbsentPlace[]
  /** All authenticated members of the payload. */
  readonly members: readonly RecordPair[]
}

/** A declared place whose holder exists but whose value is absent. */
export type AbsentPlace = Omit<Place, 'value' | 'record'>

/** How {@link placesOf} works. */
export interface PlacesOptions {
  /** The package that the errors name. */
  readonly packageName: string
  /** 400 for what a caller sent, 500 for what the handler returned. */
  readonly statusCode: 400 | 500
  /**
   * `'error'` (default): an absent required field throws. `'ignore'`: it is skipped, for partial
   * documents. `'collect'`: every absent place is listed, even optional ones; for shapes that take the fields out.
   */
  readonly absent?: 'error' | 'ignore' | 'collect'
}

/** Refuses payloads with more places than this: each costs a decryption. */
export const maxPlaces = 10_000

/** Refuses payloads with more objects and lists on declared paths: each costs a copy, even without a value. */
const maxContainers = 100_000

/**
 * Copies `payload` along the declared paths and lists the declared places. Nothing that the caller owns is
 * modified: anything off the declared paths is shared with the copy; anything on them is copied.
 *
 * @throws GlassineError `ERR_FIELD_MISSING` (absent or of the wrong shape), `ERR_VALUE_INVALID` (a class
 * instance or a prototype's name on a declared path), `ERR_TOO_LARGE`
 * @example
 * ```ts
 * const payload = { ssn: '078-05-1120', address: { street: 'Main St 1' } }
 * const { copy, places } = placesOf(policyOf(Patient), payload, { packageName: '@glassine/message', statusCode: 500 })
 * for (const { holder, key, pointer } of places) holder[key] = `the ciphertext of ${pointer}` // in `copy`
 * ```
 */
export const placesOf = <T>(policy: FieldPolicy, payload: T, options: PlacesOptions): Places<T> => {
  const places: Place[] = []
  const absent: AbsentPlace[] = []
  const members: RecordPair[] = []
  const mode = options.absent ?? 'error'
  let depth = 0
  let containers = 0

  const fault = (
    code: 'ERR_FIELD_MISSING' | 'ERR_VALUE_INVALID' | 'ERR_TOO_LARGE',
    { path }: { readonly path: string },
    // The sentence of this code is about what a caller sent.
    said = code === 'ERR_FIELD_MISSING' && options.statusCode === 500 && 'a declared field is missing',
  ) =>
    new GlassineError(code, {
      package: options.packageName,
      path,
      statusCode: options.statusCode,
      message: said ? `${path || '/'}: ${said}` : undefined,
    })

  const visitChild = (
    holder: Record<string, unknown>,
    key: string,
    node: PathNode,
    above: string,
    record: readonly RecordPair[],
  ): void => {
    const pointer = node.pointer ?? `${above}/${escapePointer(key)}`
    const value = Object.hasOwn(holder, key) ? holder[key] : undefined
    const field = node.field as EncryptedField | undefined
    if (field) {
      if (places.length + absent.length === maxPlaces) throw fault('ERR_TOO_LARGE', node)
      // `=== undefined`, not `in`: a field set to undefined is as absent as one that was never set.
      if (value !== undefined) places.push({ field, pointer, holder, key, value, record })
      else if (mode === 'collect') absent.push({ field, pointer, holder, key })
      else if (mode === 'error' && !node.optional) throw fault('ERR_FIELD_MISSING', node)
    } else if (value !== undefined && value !== null) {
      // A recursive model, with a payload that contains itself; or a list of many elements without a value.
      if (depth++ === maxDepth || containers++ === maxContainers) throw fault('ERR_TOO_LARGE', node)
      holder[key] = visit(value, node, pointer, record)
      depth--
    } else if (mode !== 'ignore' && !node.optional) {
      throw fault('ERR_FIELD_MISSING', node)
    }
  }

  const visit = (value: unknown, node: PathNode, pointer: string, above: readonly RecordPair[]): unknown => {
    const isList = node.each?.kind === 'array'
    if (isList ? !Array.isArray(value) : !isPlainObject(value)) {
      const isInstance = !isList && typeof value === 'object' && value && !Array.isArray(value)
      throw isInstance
        ? fault('ERR_VALUE_INVALID', node, 'a class instance')
        : fault('ERR_FIELD_MISSING', node)
    }
    const copy = (isList ? [...(value as unknown[])] : { ...(value as object) }) as Record<string, unknown>
    if (
      Object.hasOwn(value as object, '__proto__') ||
      (!isList && node.each && Object.keys(copy).some(isForbiddenName))
    )
      throw fault('ERR_VALUE_INVALID', node)
    let record = above
    if (node.record) {
      const own = recordPairs(node.record, copy, pointer, fault)
      members.push(...own)
      // One list for everything in this container.
      record = above.length === 0 ? own : [...above, ...own]
    }
    visitChildren(node, copy, visitChild, pointer, record)
    return copy
  }

  return { copy: visit(payload, policy.encrypted, '', []) as T, places, absent, members }
}
