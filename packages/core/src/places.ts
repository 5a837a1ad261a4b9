import { GlassineError } from './errors.ts'
import { isPlainObject } from './json.ts'
import { escapePointer, isForbiddenName } from './path.ts'
import type { EncryptedField, FieldPolicy, PathNode } from './policy.ts'

/** Where one declared field stands in one payload: write `holder[key]`, in the copy, to replace it. */
export interface Place {
  readonly field: EncryptedField
  /** The concrete JSON Pointer (RFC 6901) that the ciphertext is bound to, `/visits/0/note`. */
  readonly pointer: string
  readonly holder: Record<string, unknown>
  readonly key: string
  readonly value: unknown
}

/** A copy of a payload along its declared paths only, and the places that stand in it. */
export interface Places<T = unknown> {
  readonly copy: T
  readonly places: readonly Place[]
  /** Required fields that are not there; empty unless `absent` is `'collect'`. */
  readonly absent: readonly AbsentPlace[]
}

/** A declared place whose holder is there and whose value is not. */
export type AbsentPlace = Omit<Place, 'value'>

/** How {@link placesOf} goes about a payload. */
export interface PlacesOptions {
  /** The package that the errors name. */
  readonly packageName: string
  /** 400 for what a caller sent, 500 for what the handler returned. */
  readonly statusCode: 400 | 500
  /**
   * `'error'`: a required field that is absent throws (the default). `'ignore'`: it is passed over, for partial
   * documents. `'collect'`: every absent place is listed, also optional ones; for shapes that take the fields out.
   */
  readonly absent?: 'error' | 'ignore' | 'collect'
}

/** More places than this in one payload are refused: each costs a decryption. */
export const maxPlaces = 10_000

/**
 * Copies `payload` along the declared paths and lists the declared places. Nothing that the caller owns is
 * written to: what lies outside the declared paths is shared with the copy, what lies on them is the copy's own.
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
  const mode = options.absent ?? 'error'

  const fault = (code: 'ERR_FIELD_MISSING' | 'ERR_VALUE_INVALID' | 'ERR_TOO_LARGE', { path }: PathNode) =>
    new GlassineError(code, { package: options.packageName, path, statusCode: options.statusCode })

  const visitChild = (
    holder: Record<string, unknown>,
    key: string,
    node: PathNode,
    pointer: string,
  ): void => {
    const value = Object.hasOwn(holder, key) ? holder[key] : undefined
    const field = node.field as EncryptedField | undefined
    if (field) {
      if (places.length + absent.length === maxPlaces) throw fault('ERR_TOO_LARGE', node)
      // `=== undefined`, not `in`: a field set to undefined is as absent as one that was never set.
      if (value !== undefined) places.push({ field, pointer, holder, key, value })
      else if (mode === 'collect') absent.push({ field, pointer, holder, key })
      else if (mode === 'error' && !node.optional) throw fault('ERR_FIELD_MISSING', node)
    } else if (value !== undefined && value !== null) {
      holder[key] = visit(value, node, pointer)
    } else if (mode !== 'ignore' && !node.optional) {
      throw fault('ERR_FIELD_MISSING', node)
    }
  }

  const visit = (value: unknown, node: PathNode, pointer: string): unknown => {
    const { members, each } = node
    if (each?.kind === 'array') {
      if (!Array.isArray(value)) throw fault('ERR_FIELD_MISSING', node)
      const copy = [...value] as unknown as Record<string, unknown>
      for (let at = 0; at < value.length; at++) visitChild(copy, String(at), each.node, `${pointer}/${at}`)
      return copy
    }
    if (!isPlainObject(value)) {
      const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
      throw fault(isObject ? 'ERR_VALUE_INVALID' : 'ERR_FIELD_MISSING', node)
    }
    if (Object.hasOwn(value, '__proto__')) throw fault('ERR_VALUE_INVALID', node)
    const copy = { ...value }
    for (const [name, child] of members ?? [])
      visitChild(copy, name, child, child.pointer ?? `${pointer}/${escapePointer(name)}`)
    if (each) {
      for (const name of Object.keys(copy)) {
        if (isForbiddenName(name)) throw fault('ERR_VALUE_INVALID', node)
        visitChild(copy, name, each.node, `${pointer}/${escapePointer(name)}`)
      }
    }
    return copy
  }

  return { copy: visit(payload, policy.encrypted, '') as T, places, absent }
}
