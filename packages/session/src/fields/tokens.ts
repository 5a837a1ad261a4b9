/*
 * Encrypted values as tokens: their protected headers, and those of a request, which are all checked before any value
 * is decrypted.
 */
import { keyUse, type SessionContext } from '@glassine/core/internal'
import type { SecretKey } from '@glassine/keys/internal'
import { decryptFailed, fault } from '../errors.ts'
import { openCompact, readHeader } from '../jwe/compact.ts'
import { endsWell } from '../jwe/encoding.ts'
import type { SessionKeys } from '../session/key-set.ts'
import { contextDifference } from './context.ts'

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
const isJti = (value: unknown): value is string => typeof value === 'string' && jtiForm.test(value)

/** A value of the shape of a compact JWE, and its place. */
export interface FieldToken {
  readonly text: string
  readonly pointer: string
  /** The template path, for the operator. */
  readonly path?: string
}

/** An encrypted value with a checked header, and the length of that header. */
export interface CheckedToken {
  readonly text: string
  readonly headerLength: number
}

/** The values of a request, and the ids that their headers share. */
export interface CheckedTokens {
  readonly jti: string
  readonly rid?: string
  readonly checked: readonly CheckedToken[]
}

/**
 * Checks the headers of all encrypted values of a request: each names the request key of this session, the context and
 * its own place. All have one `jti`, so values of two requests of a session cannot be mixed.
 *
 * @throws GlassineError `ERR_DECRYPT_FAILED`
 */
export const checkTokens = (
  { sid }: SessionKeys,
  ctx: string,
  tokens: readonly FieldToken[],
  context: SessionContext,
): CheckedTokens => {
  const kid = sid + keyUse.request
  const { jti, rid } = idsOf(kid, ctx, tokens[0]!)
  const headerAt = protectedHeaders(kid, ctx, jti, rid === undefined ? '' : `,"rid":"${rid}"`)
  const checked = tokens.map(({ text, pointer, path }) => {
    const expected = headerAt(pointer)
    // Most devices write the header exactly as we do; then nothing needs to be parsed.
    const isOurs = text.startsWith(expected) && text[expected.length] === '.'
    const headerLength = isOurs ? expected.length : text.indexOf('.')
    if (!isOurs) {
      const { alg, kid: of, p, ctx: bound, jti: same, rid: again } = readHeader(text.slice(0, headerLength))
      if (alg !== 'dir') throw refused('the header is not that of an encrypted value', path)
      if (of !== kid) throw refused('it is under another key: of another session, or of the responses', path)
      if (bound !== ctx) throw refused(contextDifference(bound, context), path)
      if (same !== jti || again !== rid)
        throw refused('it was written in another request of the session', path)
      if (p !== pointer) throw refused('it was written for another place', path)
    }
    // With `dir` there is no encrypted key.
    if (text[headerLength + 1] !== '.') throw decryptFailed('an encrypted value has an encrypted key')
    return { text, headerLength }
  })
  return { jti, checked, ...(rid !== undefined && { rid }) }
}

const refused = (reason: string, path: string | undefined) => fault('ERR_DECRYPT_FAILED', { reason, path })

/** The ids of a request, from its first token. */
const idsOf = (
  kid: string,
  ctx: string,
  { text, pointer }: FieldToken,
): { readonly jti: string; readonly rid?: string } => {
  const protectedHeader = text.slice(0, text.indexOf('.'))
  // In a header written as ours the `jti` comes last; then nothing needs to be parsed.
  const last = Buffer.from(protectedHeader, 'base64url').toString('latin1').slice(-24, -2)
  if (isJti(last) && protectedHeaders(kid, ctx, last)(pointer) === protectedHeader) return { jti: last }
  const { jti, rid } = readHeader(protectedHeader)
  if (!isJti(jti)) throw decryptFailed('the header of an encrypted value has no `jti`')
  if (rid === undefined) return { jti }
  if (!isJti(rid)) throw decryptFailed('the header of an encrypted value has a malformed `rid`')
  return { jti, rid }
}

/**
 * Decrypts a value. The caller zeroes the bytes.
 *
 * @throws GlassineError `ERR_DECRYPT_FAILED`
 */
export const openToken = (key: SecretKey, { text, headerLength }: CheckedToken): Buffer => {
  // After the header: two dots, 16 characters of IV, a dot, the ciphertext, a dot, 22 characters of tag.
  const ciphertext = text.slice(headerLength + 19, -23)
  if (!endsWell(ciphertext)) throw decryptFailed('an encrypted value is malformed')
  return openCompact(key, {
    protectedHeader: text.slice(0, headerLength),
    iv: Buffer.from(text.slice(headerLength + 2, headerLength + 18), 'base64url'),
    ciphertext: Buffer.from(ciphertext, 'base64url'),
    tag: Buffer.from(text.slice(-22), 'base64url'),
  })
}
