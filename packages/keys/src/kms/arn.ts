/** A KMS key's ARN in its parts. */
export interface KeyArn {
  readonly arn: string
  readonly partition: string
  readonly region: string
  readonly account: string
  /** The key id: a UUID, or `mrk-` and 32 hex digits for a multi-Region key. */
  readonly id: string
}

/** How a wrapping key was named: by key ARN, alias ARN, key id, or alias name. */
export type KeyReference =
  | ({ readonly kind: 'key-arn'; readonly text: string } & KeyArn)
  | ({ readonly kind: 'alias-arn'; readonly text: string } & Omit<KeyArn, 'arn' | 'id'>)
  | { readonly kind: 'key-id'; readonly text: string; readonly id: string }
  | { readonly kind: 'alias'; readonly text: string }

// A Region becomes part of a host name, so its form is checked strictly: letters and digits only.
const region = '[a-z]{2,5}(?:-[a-z]{2,20}){1,3}-[0-9]{1,2}'
const keyId = '[A-Za-z0-9-]{1,128}'
const alias = 'alias/[A-Za-z0-9/_-]{1,250}'
const arnHead = `arn:(aws(?:-[a-z]{1,10}){0,2}):kms:(${region}):([0-9]{12})`
const keyArnPattern = new RegExp(`^${arnHead}:key/(${keyId})$`)
const aliasArnPattern = new RegExp(`^${arnHead}:${alias}$`)
const keyIdPattern = new RegExp(`^${keyId}$`)
const aliasPattern = new RegExp(`^${alias}$`)

export const regionPattern = new RegExp(`^${region}$`)

/** Parses a key ARN; anything else, alias ARNs included, is `undefined`. */
export const keyArnOf = (text: string): KeyArn | undefined => {
  const match = keyArnPattern.exec(text)
  return match
    ? { arn: text, partition: match[1]!, region: match[2]!, account: match[3]!, id: match[4]! }
    : undefined
}

/** Parses what an option names; `undefined` when it is no name of a key. */
export const keyReferenceOf = (text: string): KeyReference | undefined => {
  const key = keyArnOf(text)
  if (key) return { kind: 'key-arn', text, ...key }
  const match = aliasArnPattern.exec(text)
  if (match) return { kind: 'alias-arn', text, partition: match[1]!, region: match[2]!, account: match[3]! }
  if (aliasPattern.test(text)) return { kind: 'alias', text }
  return keyIdPattern.test(text) ? { kind: 'key-id', text, id: text } : undefined
}

/** Whether the key is a multi-Region one: its replicas share the key id and the key material. */
export const isMultiRegion = ({ id }: { readonly id: string }): boolean => id.startsWith('mrk-')

/** The same multi-Region key in another Region. */
export const inRegion = (key: KeyArn, region: string): KeyArn => {
  const { partition, account, id } = key
  return { arn: `arn:${partition}:kms:${region}:${account}:key/${id}`, partition, region, account, id }
}
