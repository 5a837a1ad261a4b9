import { addedNameBytes } from '../attributes/attribute-value.ts'
import { maxItemSize, valueSize } from '../attributes/size.ts'
import { fault } from '../errors.ts'
import { type Field, isEncrypted } from '../format/field.ts'

/** The most that DynamoDB counts for a value beyond its serialised bytes: 3 for an empty list or map. */
const mostBeyond = 3

/**
 * Refuses an item that would be larger than DynamoDB takes, and says by how much: before keys are fetched with the
 * least that header and footer take, after that with what they took.
 *
 * @param others - bytes of unsigned attributes, header and footer
 * @throws GlassineError `ERR_TOO_LARGE`
 */
export const checkSize = (fields: readonly Field[], others: number): void => {
  let bound = addedNameBytes + others
  // The serialised form is nearly always the longer one: the exact size is worked out only when it decides.
  for (const { plan, start, end } of fields) bound += plan.nameBytes + (end - start) + mostBeyond
  if (bound <= maxItemSize) return
  let size = addedNameBytes + others
  for (const field of fields)
    size += field.plan.nameBytes + (isEncrypted(field) ? field.end - field.start : valueSize(field.value))
  if (size <= maxItemSize) return
  throw fault('ERR_TOO_LARGE', {
    message: `The encrypted item would be ${size - maxItemSize} bytes larger than the ${maxItemSize} that DynamoDB stores`,
  })
}
