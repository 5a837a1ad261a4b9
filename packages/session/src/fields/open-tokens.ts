import { keyUse } from '@glassine/core/internal'
import type { SecretKey } from '@glassine/keys/internal'
import { decryptFailed } from '../errors.ts'
import { endsWell } from '../jwe/base64url.ts'
import { openCompact, readHeader } from '../jwe/compact.ts'
import type { SessionKeys } from '../session/key-set.ts'
import { headsOf } from './heads.ts'
import { isNumber } from './numbered.ts'

/** A field's token, a compact JWE by its look, and the place where it stands. */
export interface Token {
  readonly text: string
  readonly pointer: string
}

/** A field's token whose header was checked, and how long that header is. */
export interface CheckedToken {
  readonly text: string
  readonly headLength: number
}

/**
 * Checks the headers of all sealed fields of a payload: sealed for the request key of this session, the same route,
 * model and binding, the place where each stands, and all with one `jti`, so that fields of two payloads of one
 * session cannot be mixed.
 *
 * @throws GlassineError `ERR_DECRYPT_FAILED`
 */
export const checkTokens = (
  { sid }: SessionKeys,
  ctx: string,
  tokens: readonly Token[],
): { readonly jti: string; readonly checked: readonly CheckedToken[] } => {
  const kid = sid + keyUse.request
  const jti = jtiOf(kid, ctx, tokens[0]!)
  const heads = headsOf(kid, ctx, jti)
  const checked = tokens.map(({ text, pointer }) => {
    const expected = heads(pointer)
    // Most devices write the header as we do, and then nothing needs to be parsed.
    const isOurs = text.startsWith(expected) && text[expected.length] === '.'
    const headLength = isOurs ? expected.length : text.indexOf('.')
    if (!isOurs) {
      const { alg, kid: of, p, ctx: bound, jti: same } = readHeader(text.slice(0, headLength))
      if (alg !== 'dir' || of !== kid || p !== pointer || bound !== ctx || same !== jti) throw decryptFailed()
    }
    // No encrypted key where the key is used directly.
    if (text[headLength + 1] !== '.') throw decryptFailed()
    return { text, headLength }
  })
  return { jti, checked }
}

/** The number of a payload, out of its first token. */
const jtiOf = (kid: string, ctx: string, { text, pointer }: Token): string => {
  const head = headOf(text)
  // Where the header is written as we do, the number stands at its end, and nothing needs to be parsed.
  const last = Buffer.from(head, 'base64url').toString('latin1').slice(-24, -2)
  if (isNumber(last) && headsOf(kid, ctx, last)(pointer) === head) return last
  const { jti } = readHeader(head)
  if (!isNumber(jti)) throw decryptFailed()
  return jti
}

const headOf = (text: string): string => text.slice(0, text.indexOf('.'))

/**
 * The bytes of a field's value. The caller zeroes them.
 *
 * @throws GlassineError `ERR_DECRYPT_FAILED`
 */
export const openToken = (key: SecretKey, { text, headLength }: CheckedToken): Buffer => {
  // Behind the header: two dots, 16 characters of IV, a dot, the ciphertext, a dot, and 22 of the tag.
  const ciphertext = text.slice(headLength + 19, -23)
  if (!endsWell(ciphertext)) throw decryptFailed()
  return openCompact(key, {
    head: text.slice(0, headLength),
    iv: Buffer.from(text.slice(headLength + 2, headLength + 18), 'base64url'),
    ciphertext: Buffer.from(ciphertext, 'base64url'),
    tag: Buffer.from(text.slice(-22), 'base64url'),
  })
}
