/** What is done with an attribute; the names are AWS's. */
export type AttributeAction =
  | 'ENCRYPT_AND_SIGN'
  | 'SIGN_ONLY'
  /** Signed, and readable in the encryption context: by KMS policies, CloudTrail and whoever picks the branch key. */
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
