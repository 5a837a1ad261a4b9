import { type EncryptionContext, type SerialisedContext, serialiseContext } from '@glassine/keys'
import { boundedMap } from '@glassine/keys/internal'
import { fault } from './errors.ts'

/** An encryption context, split by what stands in the message's header. Shared: one object for equal contexts. */
export interface MessageContext {
  /** All pairs: what keyrings and KMS authenticate. */
  readonly full: SerialisedContext
  /** The pairs that stand in the header. */
  readonly stored: SerialisedContext
  /** The pairs that do not, serialised: authenticated by the header's tag alone. Empty when all are stored. */
  readonly unstored: Buffer
}

/** Finds or makes the forms of the context that consists of `pairs` and `own`. */
export type ContextForms = (
  pairs: EncryptionContext,
  own: EncryptionContext,
  required: readonly string[],
) => MessageContext

/**
 * Remembers the forms of contexts: a service sees the same few tenants again and again.
 *
 * @param check - throws when the caller's pairs cannot be authenticated; called once for each distinct context
 */
export const contextForms = (check: (pairs: EncryptionContext) => void): ContextForms => {
  const known = boundedMap<MessageContext>()
  return (pairs, own, required) => {
    // Callers in JavaScript may hand over anything; the check says so.
    if (typeof pairs !== 'object' || pairs === null) check(pairs)
    const id = idOf(pairs) + idOf(own) + (required.length === 0 ? '' : required.map(lengthPrefixed).join(''))
    const found = known.get(id)
    if (found) return found
    check(pairs)
    const made = split({ ...pairs, ...own }, required)
    known.set(id, made)
    return made
  }
}

const lengthPrefixed = (text: string): string => `${text.length}:${text}`

/** Names and values with their lengths, so that no two contexts have one id. */
const idOf = (pairs: EncryptionContext): string => {
  let id = ''
  for (const name of Object.keys(pairs)) {
    const value = pairs[name]!
    // What is no string must reach the check, and not look like a string that has passed it.
    id += lengthPrefixed(name) + (typeof value === 'string' ? lengthPrefixed(value) : '!')
  }
  return `${id};`
}

const split = (pairs: EncryptionContext, required: readonly string[]): MessageContext => {
  // Frozen: callers see these pairs in `messageHeader`, and the object is used again.
  const full = serialiseContext(Object.freeze(pairs))
  if (required.length === 0) return { full, stored: full, unstored: Buffer.alloc(0) }
  const missing = required.find((name) => !Object.hasOwn(pairs, name))
  if (missing !== undefined)
    throw fault('ERR_BINDING_INVALID', {
      message: `The encryption context lacks the required name ${JSON.stringify(missing)}`,
    })
  const part = (wanted: boolean) =>
    serialiseContext(
      Object.fromEntries(Object.entries(pairs).filter(([name]) => required.includes(name) === wanted)),
    )
  return { full, stored: part(false), unstored: part(true).bytes }
}

/** The context of a signed message: the same with the public key, which always stands in the header. */
export const withPair = (context: MessageContext, name: string, value: string): MessageContext => ({
  full: serialiseContext(Object.freeze({ ...context.full.pairs, [name]: value })),
  stored: serialiseContext({ ...context.stored.pairs, [name]: value }),
  unstored: context.unstored,
})
