import { type AttributeValue, type Item, setMember } from './attributes/attribute-value.ts'
import { valueError } from './errors.ts'

/**
 * A value as a Lambda event of DynamoDB Streams has it: binary is base64. The shape of `AttributeValue` of
 * `@types/aws-lambda`.
 */
export interface StreamValue {
  S?: string | undefined
  N?: string | undefined
  B?: string | undefined
  BOOL?: boolean | undefined
  NULL?: boolean | undefined
  SS?: string[] | undefined
  NS?: string[] | undefined
  BS?: string[] | undefined
  M?: Readonly<Record<string, StreamValue>> | undefined
  L?: StreamValue[] | undefined
}

/**
 * Turns an image of a stream record into an item that `decryptItem` takes. Only streams with the view type
 * `NEW_IMAGE`, `OLD_IMAGE` or `NEW_AND_OLD_IMAGES` carry items that can be verified; the keys alone can not.
 *
 * @throws GlassineError `ERR_VALUE_INVALID` for anything but an attribute value
 * @example
 * ```ts
 * import { itemOfImage } from '@glassine/dynamodb'
 *
 * const image = record.dynamodb?.NewImage
 * const patient = image && (await patients.decryptItem(itemOfImage(image)))
 * ```
 */
export const itemOfImage = (image: Readonly<Record<string, StreamValue>>): Item => {
  const item: Item = {}
  for (const name of Object.keys(image)) setMember(item, name, attributeOf(image[name]!))
  return item
}

const attributeOf = (value: StreamValue): AttributeValue => {
  if (typeof value !== 'object' || value === null)
    throw valueError('An image holds a value that is not an attribute value')
  if (value.B !== undefined) return { B: bytesOf(value.B) }
  if (value.BS !== undefined) return { BS: value.BS.map(bytesOf) }
  if (value.M !== undefined) return { M: itemOfImage(value.M) }
  if (value.L !== undefined) return { L: value.L.map(attributeOf) }
  return value as AttributeValue
}

/** Bytes with a memory of their own: a Buffer would share Node's pool. */
const bytesOf = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'))
