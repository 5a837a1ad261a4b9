import { valueError } from '../errors.ts'
import { type AttributeAction, maxNameBytes, reservedPrefix } from './attribute-value.ts'

/** One segment follows: only top-level attributes have actions. */
const oneSegment = Buffer.from([0, 0, 0, 0, 0, 0, 0, 1])
/** A structure's member; the specification keeps `#` for elements of lists. */
const member = Buffer.from('$')

/**
 * The canonical path of an attribute (structured encryption, "Canonical Path"): what binds a value to its table and
 * name, and decides the order of fields in legend, key derivation and footer, by bytes.
 *
 * The name's length counts UTF-16 code units, as AWS's implementations do, and not the bytes that follow: names
 * sort by that length first.
 */
export const canonicalPath = (table: string, name: string): Buffer => {
  const length = Buffer.alloc(8)
  length.writeUInt32BE(name.length, 4)
  return Buffer.concat([Buffer.from(table, 'utf8'), oneSegment, member, length, Buffer.from(name, 'utf8')])
}

/** A name of the encryption context with the forms that writing needs, each made once. */
export interface ContextKey {
  readonly name: string
  /** The name in UTF-8 with its 16-bit length before it. */
  readonly bytes: Buffer
  /** One character a byte: names compare by their UTF-8 bytes as these do. */
  readonly order: string
}

/** No name and no value of an encryption context is longer. */
export const maxContextBytes = 0xffff

/** Makes the {@link ContextKey} of a name. */
export const contextKey = (name: string): ContextKey => {
  const utf8 = Buffer.from(name, 'utf8')
  const bytes = Buffer.alloc(2 + utf8.length)
  // A longer one is refused where it is used, and most attributes are never in a context.
  if (utf8.length <= maxContextBytes) bytes.writeUInt16BE(utf8.length)
  utf8.copy(bytes, 2)
  return { name, bytes, order: utf8.toString('latin1') }
}

/** Where a signed item keeps its verification key: the only pair that a header stores. */
export const publicKeyName = 'aws-crypto-public-key'

/** Everything that depends on the name alone, computed once. */
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
  /** The attribute's name in the encryption context. */
  readonly contextKey: ContextKey
  /** Whether the name belongs to the format. */
  readonly reserved: boolean
  /** Whether items carry the attribute unsigned: by configuration, on both sides. */
  readonly unsigned: boolean
  /** What encryption does with it; `undefined` if the configuration does not name it. */
  readonly action: AttributeAction | undefined
}

/** The part of the configuration that plans are made from. */
export interface PlanSource {
  readonly table: string
  readonly actionOf: (name: string) => AttributeAction | undefined
  readonly isUnsigned: (name: string) => boolean
}

/** Limits of what is remembered, since items may have any number of names. */
const maxPlans = 1_000
const maxRememberedName = 255

/**
 * Returns the plan of a name; remembers it for a table's usual names.
 *
 * The function throws GlassineError `ERR_VALUE_INVALID` for what cannot be a name: empty, too long, or with a lone
 * surrogate, which has no UTF-8 form and would be bound as another name.
 */
export const planner = (source: PlanSource): ((name: string) => AttributePlan) => {
  const known = new Map<string, AttributePlan>()
  return (name) => {
    const found = known.get(name)
    if (found) return found
    if (name === '' || !name.isWellFormed() || Buffer.byteLength(name, 'utf8') > maxNameBytes)
      throw valueError('An attribute has no valid name')
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
