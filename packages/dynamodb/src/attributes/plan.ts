import { valueError } from '../errors.ts'
import { canonicalPath } from '../format/canonical-path.ts'
import { type ContextKey, contextKey } from '../format/context-key.ts'
import type { AttributeAction } from './actions.ts'
import { reservedPrefix } from './attribute-value.ts'

/** All that a name decides, worked out once. */
export interface AttributePlan {
  readonly name: string
  /** Bytes of the name in UTF-8. */
  readonly nameBytes: number
  /** The canonical path: what the value is bound to. */
  readonly path: Buffer
  /** Canonical paths compare as these do. */
  readonly order: string
  /** What precedes the type id in the footer's input when the value is encrypted, without the length's digits. */
  readonly encrypted: Buffer
  /** The same when the value is only signed. */
  readonly plaintext: Buffer
  /** How the attribute is called in the encryption context. */
  readonly contextKey: ContextKey
  /** Whether the name belongs to the format. */
  readonly reserved: boolean
  /** Whether items carry the attribute unsigned: by configuration, on both sides. */
  readonly unsigned: boolean
  /** What encryption does with it; `undefined` when the configuration does not say. */
  readonly action: AttributeAction | undefined
}

/** The part of the configuration that plans are made from. */
export interface PlanSource {
  readonly table: string
  readonly actionOf: (name: string) => AttributeAction | undefined
  readonly isUnsigned: (name: string) => boolean
}

/** More names than this are not remembered, and no longer ones: names are whatever items hold. */
const maxPlans = 1_000
const maxRememberedName = 255

/**
 * Returns the plan of a name; remembers it for a table's usual names.
 *
 * The function throws GlassineError `ERR_VALUE_INVALID` for what cannot be a name: empty, or with a lone surrogate,
 * which has no UTF-8 form and would be bound as another name.
 */
export const planner = (source: PlanSource): ((name: string) => AttributePlan) => {
  const known = new Map<string, AttributePlan>()
  return (name) => {
    const found = known.get(name)
    if (found) return found
    if (name === '' || !name.isWellFormed()) throw valueError('An attribute has no valid name')
    const plan = planOf(source, name)
    if (known.size < maxPlans && name.length <= maxRememberedName) known.set(name, plan)
    return plan
  }
}

const planOf = ({ table, actionOf, isUnsigned }: PlanSource, name: string): AttributePlan => {
  const path = canonicalPath(table, name)
  const reserved = name.startsWith(reservedPrefix)
  return {
    name,
    nameBytes: Buffer.byteLength(name, 'utf8'),
    path,
    order: path.toString('latin1', Buffer.byteLength(table, 'utf8')),
    encrypted: leadOf(path, 'ENCRYPTED'),
    plaintext: leadOf(path, 'PLAINTEXT'),
    contextKey: contextKey(`aws-crypto-attr.${name}`),
    reserved,
    unsigned: !reserved && isUnsigned(name),
    action: actionOf(name),
  }
}

/** Bytes from the end of a lead back to where the low half of its 64-bit length starts. */
export const lengthFromEnd = 4 + 'ENCRYPTED'.length

const leadOf = (path: Buffer, status: 'ENCRYPTED' | 'PLAINTEXT'): Buffer =>
  Buffer.concat([path, Buffer.alloc(8), Buffer.from(status, 'latin1')])
