import { encodeValue, type FieldPolicy, isPlainObject, type Place, placesOf } from '@glassine/core'
import { bundleHolder, takeOut } from '@glassine/core/bundle'
import { type FieldHeader, keyMember, keyUse } from '@glassine/core/session'
import { utf8 } from './bytes.ts'
import { fault, from } from './errors.ts'
import { encryptJwe, parseJwe } from './jwe.ts'
import type { Session } from './session.ts'
import type { WebCrypto } from './web-crypto.ts'

/** How payloads are made up, in both directions. */
export interface Shape {
  /** Absent for the field shape. */
  readonly bundleMember?: string
}

/** A value that is to be sealed, as JSON, and where it goes. */
interface Item {
  readonly holder: Record<string, unknown>
  readonly key: string
  readonly pointer: string
  readonly text: string
}

/** A request's body whose fields are checked and written as JSON; nothing is sealed yet. */
export interface Draft {
  /** The payload, in which {@link sealDraft} puts ciphertexts; it may be sealed again, for another session. */
  readonly copy: Record<string, unknown>
  readonly items: readonly Item[]
}

/**
 * Everything that can be wrong with a body shows here, before any key is fetched.
 *
 * @throws GlassineError `ERR_BODY_INVALID`, `ERR_FIELD_MISSING`, `ERR_VALUE_INVALID`, `ERR_ALREADY_ENCRYPTED`,
 * `ERR_TOO_LARGE`
 */
export const draftOf = (
  body: unknown,
  policy: FieldPolicy,
  partial: boolean,
  { bundleMember }: Shape,
): Draft => {
  if (!isPlainObject(body)) throw fault('ERR_BODY_INVALID', 'The body must be a plain object')
  const absent = partial ? 'ignore' : 'error'
  const { copy, places } = placesOf(policy, body, { from, statusCode: 500, absent })
  for (const name of [keyMember, bundleMember])
    if (name && Object.hasOwn(copy, name)) throw fault('ERR_ALREADY_ENCRYPTED', undefined, `/${name}`)
  if (bundleMember === undefined)
    return { copy, items: places.map((place) => ({ ...place, text: encodePlace(place) })) }
  const holder = bundleHolder(copy, bundleMember, policy, { from, statusCode: 500 })
  if (partial && places.length === 0) return { copy, items: [] }
  const text = takeOut(places, encodePlace)
  return { copy, items: [{ holder, key: bundleMember, pointer: `/${bundleMember}`, text }] }
}

const encodePlace = ({ field, value }: Place): string => {
  // Sealed twice, nobody would open it twice. A JWE of another kind is a value like any other.
  if (parseJwe(value)?.header.ctx) throw fault('ERR_ALREADY_ENCRYPTED', undefined, field.path)
  return encodeValue(value, field.path, from)
}

/** What all fields of a payload are bound to. */
export interface Bound {
  readonly ctx: string
  readonly jti: string
}

/** Seals every item and puts it in its place. */
export const sealDraft = async (
  crypto: WebCrypto,
  { items }: Draft,
  { id, seal }: Session,
  { ctx, jti }: Bound,
  bucket: number,
): Promise<void> => {
  await Promise.all(
    items.map(async ({ holder, key, pointer, text }) => {
      const header: FieldHeader = {
        alg: 'dir',
        enc: 'A256GCM',
        kid: id + keyUse.request,
        p: pointer,
        ctx,
        jti,
      }
      const missing = (bucket - (utf8(text).length % bucket)) % bucket
      // Spaces behind a JSON text belong to it.
      holder[key] = await encryptJwe(crypto, seal, header, utf8(text + ' '.repeat(missing)))
    }),
  )
}
