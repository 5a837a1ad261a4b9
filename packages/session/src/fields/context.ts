import { hash } from 'node:crypto'
import { checkedBinding } from '@glassine/core'
import { contextBytes, type SessionContext } from '@glassine/core/internal'
import { packageName } from '../errors.ts'

/** Bytes of the hash that are written. */
const contextHashBytes = 16

/**
 * Hashes what the encrypted values of a payload are bound to beside their places: the `ctx` of their headers.
 *
 * @throws GlassineError `ERR_BINDING_INVALID`: an absent tenant must not count as an empty one, or as none
 */
export const contextHash = (context: SessionContext): string =>
  // A hash as text, a character for each byte, is much cheaper than one in a new buffer.
  Buffer.from(
    hash(
      'sha256',
      contextBytes({ ...context, binding: checkedBinding(context.binding, packageName) }),
      'binary',
    ),
    'latin1',
  ).toString('base64url', 0, contextHashBytes)

/**
 * In which part a context differs whose hash was received, for the operator. The hash shows nothing: each part is left
 * out in turn, since most often one of the two ends does not bind it.
 */
export const contextDifference = (received: unknown, context: SessionContext): string => {
  const { sender, resource, binding, members, count } = context
  const without = (name: string) =>
    Object.fromEntries(Object.entries(binding).filter(([other]) => other !== name))
  const guesses: [part: string, changed: Partial<SessionContext>][] = [
    ...Object.keys(binding)
      .slice(0, 8)
      .map((name): [string, Partial<SessionContext>] => [
        `the binding: it lacks ${name}`,
        { binding: without(name) },
      ]),
    ['the binding: it has none', { binding: {} }],
    ['the number of encrypted values: one was taken out, or the sender declares more', { count: count + 1 }],
    ['the number of encrypted values: one was added', { count: count - 1 }],
    ['the authenticated fields: it has none', { members: [] }],
  ]
  if (sender !== undefined) guesses.push(['the sender: it has none', { sender: '' }])
  if (resource !== undefined)
    guesses.push(
      ['the query: it has none', { resource: { ...resource, query: [] } }],
      ['the resource: it has none', { resource: undefined as never }],
    )
  const found = guesses.find(([, changed]) => contextHash({ ...context, ...changed }) === received)
  if (found) return `the context of the encrypted values differs in ${found[0]}`
  const parts = [
    ...Object.keys(binding).map((name) => `the binding's ${name}`),
    ...(sender === undefined ? ['a sender, where none is expected'] : ['the sender']),
    ...(resource === undefined ? [] : ['the method, the path or the query']),
    ...(members.length === 0 ? [] : ['an authenticated field']),
    'the model',
  ]
  return `the context of the encrypted values differs in one of: ${parts.join(', ')}`
}
