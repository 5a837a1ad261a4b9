import { hash } from 'node:crypto'
import { checkedBinding, type Invocation } from '@glassine/core'
import { contextBytes } from '@glassine/core/internal'
import { boundedMap } from '@glassine/keys/internal'
import { packageName } from '../errors.ts'

/**
 * What a field is bound to beside its place: the route, the model and the binding, hashed.
 *
 * @throws GlassineError `ERR_BINDING_INVALID`: an absent tenant must not pass for an empty one, nor for none
 */
export type ContextOf = (invocation: Invocation, model: string) => string

/** Bytes of the hash that are written. */
const contextHashBytes = 16

/** Hashes contexts, and remembers them: a function has few routes, and requests of one tenant come again. */
export const contextHashes = (): ContextOf => {
  const known = boundedMap<string>()
  return ({ route = '', binding: given }, model) => {
    const binding = checkedBinding(given, packageName)
    const id = JSON.stringify([route, model, binding])
    const remembered = known.get(id)
    if (remembered !== undefined) return remembered
    const made = hash('sha256', contextBytes(route, model, binding), 'buffer')
      .subarray(0, contextHashBytes)
      .toString('base64url')
    known.set(id, made)
    return made
  }
}
