import type { EncryptionContext, SerialisedContext } from '@glassine/keys'
import { boundedMap, ownerOf, serialiseContext } from '@glassine/keys/internal'
import { fault } from './errors.ts'

/** An encryption context, split by what the message's header stores. Shared: one object for equal contexts. */
export interface MessageContext {
  /** All pairs: what keyrings and KMS authenticate. */
  readonly full: SerialisedContext
  /** The pairs stored in the header. */
  readonly stored: SerialisedContext
  /** The other pairs, serialised: only the header's tag authenticates them. Empty if all are stored. */
  readonly unstored: Buffer
}

/** Finds or creates the forms of the context that consists of `pairs` and `own`. */
export type ContextForms = (
  pairs: EncryptionContext,
  own: EncryptionContext,
  required: readonly string[],
) => MessageContext

/**
 * Remembers the forms of contexts: a service sees the same few tenants over and over.
 *
 * @param check - throws if the caller's pairs cannot be authenticated; called once for each distinct context
 */
export const contextForms = (check: (pairs: EncryptionContext) => void): ContextForms => {
  const known = boundedMap<MessageContext>()
  return (pairs, own, required) => {
    // JavaScript callers may pass anything; the check reports it.
    if (typeof pairs !== 'object' || pairs === null) check(pairs)
    const id = idOf(pairs) + idOf(own) + (required.length === 0 ? '' : required.map(lengthPrefixed).join(''))
    const found = known.get(id)
    if (found) return found
    check(pairs)
    const made = split({ ...pairs, ...own }, required)
    known.set(id, made, ownerOf(pairs))
    return made
  }
}

const lengthPrefixed = (text: string): string => `${text.length}:${text}`

/** Names and values with their lengths, so that no two contexts have the same id. */
const idOf = (pairs: EncryptionContext): string => {
  let id = ''
  for (const name of Object.keys(pairs)) {
    const value = pairs[name]!
    // Non-strings must reach the check, and not look like a string that has passed it.
    id += lengthPrefixed(name) + (typeof value === 'string' ? lengthPrefixed(value) : '!')
  }
  return `${id};`
}

const split = (pairs: EncryptionContext, required: readonly string[]): MessageContext => {
  // Frozen: callers see these pairs in `messageHeader`, and the object is reused.
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

/** The context of a signed message: the same with the public key, which the header always stores. */
export const withPair = (context: MessageContext, name: string, value: string): MessageContext => ({
  full: serialiseContext(Object.freeze({ ...context.full.pairs, [name]: value })),
  stored: serialiseContext({ ...context.stored.pairs, [name]: value }),
  unstored: context.unstored,
})
