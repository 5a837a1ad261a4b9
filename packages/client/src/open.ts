import { decodeValue, type Json } from '@glassine/core'
import { keyUse, type OpenItem } from '@glassine/core/internal'
import { decryptFailed, fault } from './errors.ts'
import { decryptJwe, type Header, parseJwe } from './jwe.ts'
import type { Session } from './session.ts'
import { agree, type EcJwk, enc, type Key, type WebCrypto } from './web-crypto.ts'

/**
 * Opens the sealed values of a response.
 *
 * @param jti - that of the request
 * @throws GlassineError `ERR_FIELD_NOT_ENCRYPTED`, `ERR_DECRYPT_FAILED`; and whatever Web Crypto throws
 */
export const openItems = (
  crypto: WebCrypto,
  items: readonly OpenItem[],
  { id, open, own }: Session,
  ctx: string,
  jti: string,
): Promise<Json[]> => {
  // Headers first, all of them: nothing is decrypted that is not as expected.
  const sealed = items.map(({ pointer, path, value }) => {
    const jwe = parseJwe(value)
    if (!jwe) throw fault('ERR_FIELD_NOT_ENCRYPTED', { path })
    check(jwe[1], { alg: 'dir', kid: id + keyUse.response, p: pointer, ctx, jti, cty: own && 'JWE' })
    return jwe
  })
  // One ephemeral key for a payload, so one agreement.
  const agreed: Record<string, Promise<Key>> = {}
  return Promise.all(
    sealed.map(async (jwe) => {
      let text = await decryptJwe(crypto, open, jwe)
      if (own) {
        const inner = parseJwe(text.trimEnd())!
        const [head, header] = inner
        check(header, { alg: 'ECDH-ES', kid: id + keyUse.device })
        agreed[head] ??= agree(crypto, own, header.epk as EcJwk, 'decrypt')
        text = await decryptJwe(crypto, await agreed[head], inner)
      }
      return decodeValue(text)
    }),
  )
}

/** Compares a header with what it must be. Extensions that must be understood are not; compression was not offered. */
const check = (header: Header, expected: Header): void => {
  const all: Header = { enc, zip: undefined, crit: undefined, ...expected }
  for (const name in all) if (header[name] !== all[name]) throw decryptFailed()
}
