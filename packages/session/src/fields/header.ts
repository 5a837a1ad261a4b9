import { hash } from 'node:crypto'
import { checkedBinding, type FieldPolicy } from '@glassine/core'
import {
  contextBytes,
  declaresMember,
  isListPolicy,
  keySetType,
  proofMember,
  proofSeparator,
  type SessionContext,
  sessionMember,
} from '@glassine/core/internal'
import { badOption, packageName } from '../errors.ts'
import { looksLikeJwe, readHeader } from '../jwe/compact.ts'

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
    ['the number of encrypted values: one was taken out', { count: count + 1 }],
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

/** Makes the encoded protected header of the field at a pointer. */
export type ProtectedHeader = (pointer: string) => string

/**
 * Makes the protected headers of a payload's fields. They differ only in the pointer, so the part before it is encoded
 * once.
 *
 * @param end - further members as JSON text, beginning with a comma
 */
export const protectedHeaders = (kid: string, ctx: string, jti: string, end = ''): ProtectedHeader => {
  // All three are base64url, with a dot at most, so nothing in them needs an escape.
  const start = `{"alg":"dir","enc":"A256GCM","kid":"${kid}","p":`
  const rest = `,"ctx":"${ctx}","jti":"${jti}"${end}}`
  // Base64url turns three bytes into four characters: the leading multiple of three is encoded once.
  const whole = start.length - (start.length % 3)
  const front = Buffer.from(start.slice(0, whole), 'latin1').toString('base64url')
  const behind = start.slice(whole)
  return (pointer) => {
    const tail = `${behind}${JSON.stringify(pointer)}${rest}`
    return front + Buffer.from(tail, 'utf8').toString('base64url')
  }
}

// 16 bytes as base64url: the last character carries 2 bits.
const jtiForm = /^[\w-]{21}[AQgw]$/

/** Whether a value has the form of a `jti` or a `rid`: 16 bytes as base64url. */
export const isJti = (value: unknown): value is string => typeof value === 'string' && jtiForm.test(value)

/**
 * Splits the value of the header `Encryption-Key` into the keys and the proof of a request without an encrypted value.
 */
export const withProof = (value: unknown): readonly [sessionToken: unknown, proof?: string] => {
  const at = typeof value === 'string' ? value.indexOf(proofSeparator) : -1
  if (at < 0) return [value]
  const text = value as string
  return [text.slice(0, at), text.slice(at + proofSeparator.length)]
}

/**
 * Whether a value is an encrypted field, a session JWE or a ticket, judged from outside: the shape of a compact JWE
 * with A256GCM, and the members that these have in their header. Session keys from a request header may have a proof
 * behind them.
 */
export const recognises = (value: unknown): value is string => {
  const [text, proof] = withProof(value)
  if (!looksLikeJwe(text) || (proof !== undefined && !looksLikeJwe(proof))) return false
  try {
    const { alg, p, ctx, cty } = readHeader(text.slice(0, text.indexOf('.')))
    if (cty === keySetType) return true
    return proof === undefined && alg === 'dir' && typeof p === 'string' && typeof ctx === 'string'
  } catch {
    return false
  }
}

/** Members of a payload's root that the format needs. */
export const ownMembers = [sessionMember, proofMember] as const

/** @throws GlassineError `ERR_OPTION_INVALID` when a model declares a member that the format needs */
export const refuseDeclared = (policy: FieldPolicy): void => {
  // A list at the root has no members.
  if (isListPolicy(policy)) return
  for (const member of ownMembers)
    if (declaresMember(policy, member))
      throw badOption('fields', `must not declare \`${member}\`, which the format needs`)
}
