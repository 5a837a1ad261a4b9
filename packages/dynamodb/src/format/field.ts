import { tagBytes } from '@glassine/keys/internal'
import { type AttributeValue, legend } from '../attributes/attribute-value.ts'
import { type AttributePlan, lengthFromEnd } from '../attributes/plan.ts'
import { writeAttribute } from '../attributes/serialise.ts'
import type { Writer } from '../attributes/writer.ts'

/** Bytes that an encrypted value is longer than its serialised plaintext: the type id and the tag. */
export const sealedOverhead = 2 + tagBytes

/** One attribute in signature scope, while an item is encrypted or decrypted. */
export interface Field {
  readonly plan: AttributePlan
  readonly value: AttributeValue
  /** Its byte in the legend. */
  action: number
  /** Where its type id is in the footer's input. */
  start: number
  /** Where its value ends there. */
  end: number
}

/** Up to this many fields are sorted by insertion, which takes no memory; `sort` copies twice. */
const few = 32

/** Sorts fields into canonical order, in place. */
export const inOrder = (fields: Field[]): Field[] => {
  if (fields.length > few) return fields.sort((a, b) => (a.plan.order < b.plan.order ? -1 : 1))
  for (let at = 1; at < fields.length; at++) {
    const field = fields[at]!
    let to = at
    for (; to > 0 && field.plan.order < fields[to - 1]!.plan.order; to--) fields[to] = fields[to - 1]!
    fields[to] = field
  }
  return fields
}

/**
 * Writes one field of the footer's input (footer, "Canonical Hash"): path, length, what is done with it, and then
 * type id and value. A value that is yet to be encrypted is written as plaintext with room for its tag behind it,
 * and encrypted in place: the footer covers exactly what the item will hold.
 */
export const writeField = (out: Writer, field: Field, encrypted: boolean): void => {
  const { plan, value } = field
  const lead = encrypted ? plan.encrypted : plan.plaintext
  out.path = `/${plan.name}`
  out.bytes(lead)
  field.start = out.at
  writeAttribute(out, value)
  if (encrypted) {
    out.reserve(tagBytes)
    out.at += tagBytes
  }
  closeField(out, field)
}

/** Writes one field of the footer's input whose value is encrypted already. */
export const writeSealedField = (out: Writer, field: Field, sealed: Uint8Array): void => {
  out.bytes(field.plan.encrypted)
  field.start = out.at
  out.bytes(sealed)
  closeField(out, field)
}

const closeField = (out: Writer, field: Field): void => {
  field.end = out.at
  // The length is 64 bits wide; an item never reaches the upper half. It does not count the type id.
  out.buffer.writeUInt32BE(field.end - field.start - 2, field.start - lengthFromEnd)
}

/** Whether a field is encrypted. */
export const isEncrypted = (field: Field): boolean => field.action === legend.encrypted
