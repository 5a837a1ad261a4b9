import { decodeValue, type FieldPolicy, isPlainObject, type Json, type Place, placesOf } from '@glassine/core'
import { bundleHolder, putBack, refuseClear } from '@glassine/core/bundle'
import { keyUse } from '@glassine/core/session'
import { fault, from } from './errors.ts'
import { decryptJwe, type Jwe, parseJwe } from './jwe.ts'
import type { Shape } from './seal.ts'
import type { Session } from './session.ts'
import { agree, type EcJwk, ecJwk, type Key, type WebCrypto } from './web-crypto.ts'

/** What the fields of a response must be bound to; `jti` is open where the request had no fields. */
export interface Expected {
  readonly ctx: string
  readonly jti?: string
}

/**
 * Opens the fields of a response's payload and returns a new one.
 *
 * @param partial - declared fields may be absent; in the clear they may not be in any case
 * @throws GlassineError `ERR_FIELD_MISSING`, `ERR_FIELD_NOT_ENCRYPTED`, `ERR_DECRYPT_FAILED`; and whatever Web Crypto
 * throws
 */
export const openPayload = async (
  crypto: WebCrypto,
  payload: Record<string, unknown>,
  policy: FieldPolicy,
  partial: boolean,
  { bundleMember }: Shape,
  session: Session,
  expected: Expected,
): Promise<unknown> => {
  const whole = bundleMember === undefined ? 'error' : 'collect'
  const emptied = placesOf(policy, payload, { from, statusCode: 400, absent: partial ? 'ignore' : whole })
  const { copy, places } = emptied
  if (bundleMember === undefined) {
    const values = await openAll(crypto, places, session, expected)
    places.forEach(({ holder, key }, at) => {
      holder[key] = values[at]
    })
    return copy
  }
  const holder = bundleHolder(copy, bundleMember, policy, { from, statusCode: 400 })
  refuseClear(places, from)
  const path = `/${bundleMember}`
  if (!Object.hasOwn(holder, bundleMember)) {
    // Placeholders without a bundle are fields whose ciphertext somebody took away.
    if (partial && places.length === 0) return copy
    throw fault('ERR_FIELD_MISSING', undefined, path)
  }
  const item = { pointer: path, value: holder[bundleMember], field: { path } }
  const [members] = await openAll(crypto, [item], session, expected)
  if (!isPlainObject(members)) throw fault('ERR_DECRYPT_FAILED')
  delete holder[bundleMember]
  putBack(members as Record<string, Json>, emptied, policy, from)
  return copy
}

type Item = Pick<Place, 'pointer' | 'value'> & { readonly field: { readonly path: string } }

const openAll = async (
  crypto: WebCrypto,
  items: readonly Item[],
  { id, open, own }: Session,
  { ctx, jti }: Expected,
): Promise<readonly Json[]> => {
  // Headers first, all of them: what is not as expected is not decrypted.
  let one = jti
  const sealed = items.map(({ pointer, value, field }) => {
    const jwe = parseJwe(value)
    if (!jwe) throw fault('ERR_FIELD_NOT_ENCRYPTED', undefined, field.path)
    one ??= String(jwe.header.jti)
    check(jwe, {
      alg: 'dir',
      kid: id + keyUse.response,
      p: pointer,
      ctx,
      jti: one,
      cty: own && 'JWE',
    })
    return jwe
  })
  // One ephemeral key for a payload, so one agreement.
  const agreed = new Map<string, Promise<Key>>()
  return Promise.all(
    sealed.map(async (jwe) => {
      const text = await decryptJwe(crypto, open, jwe)
      if (!own) return decodeValue(text)
      const inner = parseJwe(text.trimEnd())
      if (!inner) throw fault('ERR_DECRYPT_FAILED')
      check(inner, { alg: 'ECDH-ES', kid: id + keyUse.device })
      const { head, header } = inner
      const key = agreed.get(head) ?? agree(crypto, own, ecJwk(header.epk as EcJwk), 'decrypt', header)
      agreed.set(head, key)
      return decodeValue(await decryptJwe(crypto, await key, inner))
    }),
  )
}

/** Compares a header, member by member; extensions that must be understood are not, and compression is not offered. */
const check = ({ header }: Jwe, expected: Readonly<Record<string, unknown>>): void => {
  const all: typeof expected = { ...expected, enc: 'A256GCM', zip: undefined, crit: undefined }
  for (const name of Object.keys(all)) if (header[name] !== all[name]) throw fault('ERR_DECRYPT_FAILED')
}
