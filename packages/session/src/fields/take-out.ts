import {
  type EnvelopeOptions,
  encodeValue,
  type FieldPolicy,
  isPlainObject,
  type Place,
} from '@glassine/core'
import { bundleHolder } from '@glassine/core/bundle'
import { keyMember } from '@glassine/core/session'
import { itemsToSeal, type SealItem } from '@glassine/core/shapes'
import { fault, from } from '../errors.ts'
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
  refuseOccupied(payload, keyMember)
  if (bundleMember !== undefined)
    refuseOccupied(bundleHolder(payload, bundleMember, policy, { from, statusCode: 500 }), bundleMember)
  const { copy, items } = itemsToSeal(policy, payload, { from, bundleMember, partial }, encodePlace)
  return {
    copy,
    root: isPlainObject(copy) ? copy : undefined,
    values:
      padding === undefined ? items : items.map((item) => ({ ...item, text: padded(item.text, padding) })),
  }
}

/** What is ours to write must be free. */
const refuseOccupied = (root: unknown, member: string): void => {
  const value = isPlainObject(root) && Object.hasOwn(root, member) ? root[member] : undefined
  if (value !== undefined)
    throw fault(recognises(value) ? 'ERR_ALREADY_ENCRYPTED' : 'ERR_VALUE_INVALID', {
      path: `/${member}`,
    })
}

const encodePlace = ({ field, value }: Place): string => {
  // Retries and replays hand back what was sealed before; sealed twice, nobody would open it twice.
  if (recognises(value)) throw fault('ERR_ALREADY_ENCRYPTED', { path: field.path })
  return encodeValue(value, field.path, from)
}

/** Spaces behind a JSON text change nothing in it: with them a ciphertext tells its length by steps only. */
const padded = (json: string, bucket: number): string => {
  const over = Buffer.byteLength(json, 'utf8') % bucket
  return over === 0 ? json : json + ' '.repeat(bucket - over)
}
