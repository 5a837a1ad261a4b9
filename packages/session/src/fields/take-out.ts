import type { EnvelopeOptions, FieldPolicy } from '@glassine/core'
import { isPlainObject, plaintextsOf, type SealItem, sessionMember } from '@glassine/core/internal'
import { fault, packageName } from '../errors.ts'
import type { Settings } from '../settings.ts'
import { refuseDeclared } from './declared.ts'
import { recognises } from './recognises.ts'

/** A payload's copy and what is to be sealed of it. */
export interface TakenOut {
  readonly copy: unknown
  /** The copy, where it can carry a ticket. */
  readonly root?: Record<string, unknown>
  readonly values: readonly SealItem[]
}

/**
 * Encodes all values of a payload: one for each declared place, or one bundle. Everything that can fail by the payload
 * fails here.
 *
 * @throws GlassineError `ERR_FIELD_MISSING`, `ERR_VALUE_INVALID`, `ERR_ALREADY_ENCRYPTED`, `ERR_OPTION_INVALID`
 */
export const takenOut = (
  { bundleMember, padding }: Settings,
  payload: unknown,
  policy: FieldPolicy,
  { partial }: EnvelopeOptions,
): TakenOut => {
  refuseDeclared(policy)
  // Where the ticket goes must be free.
  if (isPlainObject(payload) && Object.hasOwn(payload, sessionMember) && payload[sessionMember] !== undefined)
    throw fault(recognises(payload[sessionMember]) ? 'ERR_ALREADY_ENCRYPTED' : 'ERR_VALUE_INVALID', {
      path: `/${sessionMember}`,
    })
  const shape = { packageName, bundleMember, partial, isSealed: recognises }
  const { copy, items } = plaintextsOf(policy, payload, shape)
  return {
    copy,
    root: isPlainObject(copy) ? copy : undefined,
    values:
      padding === undefined ? items : items.map((item) => ({ ...item, text: padded(item.text, padding) })),
  }
}

/** Spaces behind a JSON text change nothing in it: with them a ciphertext tells its length by steps only. */
const padded = (json: string, bucket: number): string => {
  const over = Buffer.byteLength(json, 'utf8') % bucket
  return over === 0 ? json : json + ' '.repeat(bucket - over)
}
