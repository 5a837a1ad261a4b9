/**
 * A value of DynamoDB's low-level JSON, with bytes as `Uint8Array`: the same shape as the `AttributeValue` of
 * `@aws-sdk/client-dynamodb`, to and from which it assigns without a cast. Declared here because that client is an
 * optional peer.
 */
export type AttributeValue =
  | { S: string }
  /** A number of up to 38 significant digits, as text. */
  | { N: string }
  | { B: Uint8Array }
  | { BOOL: boolean }
  | { NULL: boolean }
  | { SS: string[] }
  | { NS: string[] }
  | { BS: Uint8Array[] }
  | { M: Record<string, AttributeValue> }
  | { L: AttributeValue[] }
  /** What a client of the AWS SDK makes of a type that it does not know; refused. */
  | { $unknown: [string, any] }

/** An item as DynamoDB's low-level API takes and returns it: attribute values by name. */
export type Item = Record<string, AttributeValue>

/** The types of attributes, by the names that DynamoDB's JSON gives them. */
export type AttributeType = 'S' | 'N' | 'B' | 'BOOL' | 'NULL' | 'SS' | 'NS' | 'BS' | 'M' | 'L'

/** Attributes that the format itself writes: never signed as attributes, never the user's. */
export const reservedPrefix = 'aws_dbe_'

/** The attribute that holds the header. */
export const headName = 'aws_dbe_head'

/** The attribute that holds the footer. */
export const footName = 'aws_dbe_foot'

/** Bytes of the two attributes' names, which count towards an item's size. */
export const addedNameBytes = headName.length + footName.length

/**
 * The type of a value; `undefined` for anything but an object with one member that names a type.
 */
export const typeOf = (value: unknown): AttributeType | undefined => {
  if (typeof value !== 'object' || value === null) return undefined
  const names = Object.keys(value)
  return names.length === 1 && Object.hasOwn(typeIds, names[0]!) ? (names[0] as AttributeType) : undefined
}

/** Two bytes before every serialised value (DynamoDB attribute serialisation, "Type ID"). */
export const typeIds: Readonly<Record<AttributeType, number>> = {
  NULL: 0x0000,
  S: 0x0001,
  N: 0x0002,
  BOOL: 0x0004,
  SS: 0x0101,
  NS: 0x0102,
  BS: 0x01ff,
  M: 0x0200,
  L: 0x0300,
  B: 0xffff,
}

/** The types by their id. */
export const typesById: ReadonlyMap<number, AttributeType> = new Map(
  Object.entries(typeIds).map(([type, id]) => [id, type as AttributeType]),
)

/** How many levels deep a value may be: a string in 31 lists is accepted, in 32 it is refused. */
export const maxDepth = 32

/** A name is at least one byte long and at most this many, in an item and in a map. */
export const maxNameBytes = 65_535

/** Sets an own member even for `__proto__`, since a writer may choose any attribute name. */
export const setMember = <T>(target: Record<string, T>, name: string, value: NoInfer<T>): void => {
  if (name !== '__proto__') target[name] = value
  else Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true })
}

/** What is done with an attribute; the names are AWS's. */
export type AttributeAction =
  | 'ENCRYPT_AND_SIGN'
  | 'SIGN_ONLY'
  /**
   * Signed, and readable in the encryption context: by KMS policies, in CloudTrail, and when the branch key is
   * chosen.
   */
  | 'SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT'
  | 'DO_NOTHING'

/** The legend's byte for an attribute in scope (header, "Encrypt Legend"). */
export const legend = { encrypted: 0x65, signed: 0x73, included: 0x63 } as const

/** The actions with their legend byte; `DO_NOTHING` has none, such attributes are out of scope. */
export const legendBytes: Readonly<Record<AttributeAction, number | undefined>> = {
  ENCRYPT_AND_SIGN: legend.encrypted,
  SIGN_ONLY: legend.signed,
  SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT: legend.included,
  DO_NOTHING: undefined,
}

/** Whether a value is the name of an action. */
export const isAction = (value: unknown): value is AttributeAction =>
  typeof value === 'string' && Object.hasOwn(legendBytes, value)
