import type { FieldPolicy } from '@glassine/core'
import {
  type FieldHeader,
  isPlainObject,
  keyUse,
  plaintextsOf,
  proofMember,
  type RecordPair,
  type SealItem,
  type ShapeOptions,
  sessionMember,
} from '@glassine/core/internal'
import { utf8 } from './bytes.ts'
import { fault } from './errors.ts'
import { encryptJwe, parseJwe } from './jwe.ts'
import type { Session } from './session.ts'
import { enc, type WebCrypto } from './web-crypto.ts'

/** A body whose values are checked and written as JSON. Nothing is sealed yet, and it may be sealed more than once. */
export interface Draft {
  readonly copy: Record<string, unknown> | unknown[]
  readonly items: readonly SealItem[]
  readonly members: readonly RecordPair[]
}

/**
 * Every fault of a body is found here, before any key is fetched.
 *
 * @throws GlassineError `ERR_BODY_INVALID`, `ERR_FIELD_MISSING`, `ERR_VALUE_INVALID`, `ERR_ALREADY_ENCRYPTED`,
 * `ERR_TOO_LARGE`
 */
export const draftOf = (body: unknown, policy: FieldPolicy, options: ShapeOptions): Draft => {
  const isList = policy.encrypted.each?.kind === 'array'
  if (isList ? !Array.isArray(body) : !isPlainObject(body))
    throw fault('ERR_BODY_INVALID', { message: `The body must be a plain ${isList ? 'array' : 'object'}` })
  for (const member of [sessionMember, proofMember])
    if (member in (body as object)) throw fault('ERR_ALREADY_ENCRYPTED', { path: `/${member}` })
  return plaintextsOf(policy, body, { ...options, isSealed }) as Draft
}

/** Any other JWE is an ordinary value. */
const isSealed = (value: unknown): boolean => !!parseJwe(value)?.[1].ctx

/** What the headers of one request's values have in common. */
export type Common = Pick<FieldHeader, 'ctx' | 'jti' | 'rid'>

/** Seals one value for the place that a pointer names. */
export const sealValue = (
  crypto: WebCrypto,
  { id, seal }: Session,
  p: string,
  { ctx, jti, rid }: Common,
  text: string,
): Promise<string> => {
  const header: FieldHeader = { alg: 'dir', enc, kid: id + keyUse.request, p, ctx, jti, rid }
  return encryptJwe(crypto, seal, header, text)
}

/** Seals every item and puts it in its place in the copy. */
export const sealDraft = async (
  crypto: WebCrypto,
  { items }: Draft,
  session: Session,
  common: Common,
  bucket: number,
): Promise<void> => {
  await Promise.all(
    items.map(async ({ holder, key, pointer, text }) => {
      const { length } = utf8(text)
      // Trailing spaces belong to a JSON text.
      const padding = ' '.repeat(Math.ceil(length / bucket) * bucket - length)
      holder[key] = await sealValue(crypto, session, pointer, common, text + padding)
    }),
  )
}
