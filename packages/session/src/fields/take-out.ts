import {
  type EnvelopeOptions,
  encodeValue,
  type FieldPolicy,
  isPlainObject,
  type Place,
  placesOf,
} from '@glassine/core'
import { bundleHolder, takeOut } from '@glassine/core/bundle'
import { keyMember } from '@glassine/core/session'
import { fault, from } from '../errors.ts'
import type { Settings } from '../settings.ts'
import { refuseDeclared } from './declared.ts'
import { recognises } from './recognises.ts'

/** A plaintext that is to be sealed, and where its token goes. */
export interface Value {
  readonly holder: Record<string, unknown>
  readonly key: string
  readonly pointer: string
  readonly text: string
}

/** A payload's copy and what is to be sealed of it. */
export interface TakenOut {
  readonly copy: unknown
  /** The copy, where it can carry a ticket. */
  readonly root?: Record<string, unknown>
  readonly values: readonly Value[]
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
  const at = { from, statusCode: 500 } as const
  const { copy, places } = placesOf(policy, payload, { ...at, absent: partial ? 'ignore' : 'error' })
  const root = isPlainObject(copy) ? copy : undefined
  if (root !== undefined) refuseOccupied(root, keyMember)
  if (bundleMember === undefined)
    return {
      copy,
      root,
      values: places.map((place) => ({
        holder: place.holder,
        key: place.key,
        pointer: place.pointer,
        text: padded(encodePlace(place), padding),
      })),
    }
  const holder = bundleHolder(copy, bundleMember, policy, at)
  refuseOccupied(holder, bundleMember)
  // A whole document without a field has an empty bundle: that there was none is bound, too.
  if (places.length === 0 && partial) return { copy, root, values: [] }
  const text = padded(takeOut(places, encodePlace), padding)
  return { copy, root, values: [{ holder, key: bundleMember, pointer: `/${bundleMember}`, text }] }
}

/** What is ours to write must be free. */
const refuseOccupied = (root: Record<string, unknown>, member: string): void => {
  const value = Object.hasOwn(root, member) ? root[member] : undefined
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
const padded = (json: string, bucket: number | undefined): string => {
  if (bucket === undefined) return json
  const over = Buffer.byteLength(json, 'utf8') % bucket
  return over === 0 ? json : json + ' '.repeat(bucket - over)
}
