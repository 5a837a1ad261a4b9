import { decodeValue, type Json } from '@glassine/core'
import { keyUse, type OpenItem } from '@glassine/core/internal'
import { decryptFailed, fault } from './errors.ts'
import { decryptJwe, type Header, parseJwe } from './jwe.ts'
import type { Session } from './session.ts'
import { agree, type EcJwk, enc, type Key, type WebCrypto } from './web-crypto.ts'

/**
 * Opens the sealed values of a response, including its proof, which has the empty pointer.
 *
 * @param levels - how deep a plaintext may be
 * @throws GlassineError `ERR_FIELD_NOT_ENCRYPTED`, `ERR_DECRYPT_FAILED`; and anything that Web Crypto throws
 */
export const openItems = (
  crypto: WebCrypto,
  items: readonly OpenItem[],
  { id, open, own }: Session,
  ctx: string,
  levels: number,
): Promise<Json[]> => {
  // All headers first: nothing is decrypted unless everything is as expected.
  let number: unknown
  const sealed = items.map(({ pointer, path, value }) => {
    const jwe = parseJwe(value)
    if (!jwe) throw fault('ERR_FIELD_NOT_ENCRYPTED', { path })
    const { jti } = jwe[1]
    number ??= jti
    if (!number) throw decryptFailed()
    const inner = own && pointer
    check(jwe[1], {
      alg: 'dir',
      kid: id + keyUse.response,
      p: pointer,
      ctx,
      jti: number,
      cty: inner && 'JWE',
    })
    return [jwe, inner] as const
  })
  // A payload has one ephemeral key, so one agreement.
  const agreed: Record<string, Promise<Key>> = {}
  return Promise.all(
    sealed.map(async ([jwe, isNested]) => {
      let text = await decryptJwe(crypto, open, jwe)
      if (own && isNested) {
        const inner = parseJwe(text.trimEnd())!
        const [head, header] = inner
        check(header, { alg: 'ECDH-ES', kid: id + keyUse.device })
        agreed[head] ??= agree(crypto, own, header.epk as EcJwk, 'decrypt')
        text = await decryptJwe(crypto, await agreed[head], inner)
      }
      return decodeValue(text, levels)
    }),
  )
}

/** Compares a header with the expected one. Critical extensions are not understood; compression was not offered. */
const check = (header: Header, expected: Header): void => {
  const all: Header = { enc, zip: undefined, crit: undefined, ...expected }
  for (const name in all) if (header[name] !== all[name]) throw decryptFailed()
}
