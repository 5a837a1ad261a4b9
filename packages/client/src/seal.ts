import type { FieldPolicy } from '@glassine/core'
import {
  type FieldHeader,
  isPlainObject,
  keyUse,
  plaintextsOf,
  type SealItem,
  type ShapeOptions,
  sessionMember,
} from '@glassine/core/internal'
import { utf8 } from './bytes.ts'
import { fault } from './errors.ts'
import { encryptJwe, parseJwe } from './jwe.ts'
import type { Session } from './session.ts'
import { enc, type WebCrypto } from './web-crypto.ts'

/** A body whose values are checked and written as JSON. Nothing is sealed yet; it may be sealed more than once. */
export interface Draft {
  readonly copy: Record<string, unknown>
  readonly items: readonly SealItem[]
}

/**
 * Everything that can be wrong with a body shows here, before any key is fetched.
 *
 * @throws GlassineError `ERR_BODY_INVALID`, `ERR_FIELD_MISSING`, `ERR_VALUE_INVALID`, `ERR_ALREADY_ENCRYPTED`,
 * `ERR_TOO_LARGE`
 */
export const draftOf = (body: unknown, policy: FieldPolicy, options: ShapeOptions): Draft => {
  if (!isPlainObject(body)) throw fault('ERR_BODY_INVALID', { message: 'The body must be a plain object' })
  if (sessionMember in body) throw fault('ERR_ALREADY_ENCRYPTED', { path: `/${sessionMember}` })
  return plaintextsOf(policy, body, { ...options, isSealed }) as Draft
}

/** A JWE of another kind is a value like any other. */
const isSealed = (value: unknown): boolean => !!parseJwe(value)?.[1].ctx

/** Seals every item and puts it in its place in the copy. */
export const sealDraft = async (
  crypto: WebCrypto,
  { items }: Draft,
  { id, seal }: Session,
  ctx: string,
  jti: string,
  bucket: number,
): Promise<void> => {
  await Promise.all(
    items.map(async ({ holder, key, pointer, text }) => {
      const header: FieldHeader = { alg: 'dir', enc, kid: id + keyUse.request, p: pointer, ctx, jti }
      const { length } = utf8(text)
      // Spaces behind a JSON text belong to it.
      const padding = ' '.repeat(Math.ceil(length / bucket) * bucket - length)
      holder[key] = await encryptJwe(crypto, seal, header, text + padding)
    }),
  )
}
