import { matching } from '@glassine/core/internal'

/** A KMS key's ARN in its parts. */
export interface KeyArn {
  readonly arn: string
  readonly partition: string
  readonly region: string
  readonly account: string
  /** The key id: a UUID, or `mrk-` and 32 hex digits for a multi-Region key. */
  readonly id: string
}

/**
 * How a wrapping key was named, and the parts that the name gives: all (key ARN), the place (alias ARN), the id (key
 * id) or none (alias name).
 */
export interface KeyReference extends Partial<Omit<KeyArn, 'arn'>> {
  readonly text: string
}

// A Region becomes part of a host name, so its form is checked strictly.
const region = '[a-z]{2,5}(?:-[a-z]{2,20}){1,3}-[0-9]{1,2}'
const keyId = '(?<id>[A-Za-z0-9-]{1,128})'
const alias = 'alias/[A-Za-z0-9/_-]{1,250}'
const arnHead = `arn:(?<partition>aws(?:-[a-z]{1,10}){0,2}):kms:(?<region>${region}):(?<account>[0-9]{12})`
const keyArnPattern = new RegExp(`^${arnHead}:key/${keyId}$`)
const referencePatterns = [
  keyArnPattern,
  ...[`${arnHead}:${alias}`, keyId, alias].map((form) => new RegExp(`^${form}$`)),
]

export const regionRule = matching(new RegExp(`^${region}$`), 'an AWS Region')

/** A key ARN, multi-Region or not. */
export const keyArnRule = matching(keyArnPattern, 'the ARN of a KMS key, and not of an alias')

/** Parses a key ARN; `undefined` for anything else, including alias ARNs. */
export const keyArnOf = (text: string): KeyArn | undefined => {
  const match = keyArnPattern.exec(text)
  return match ? ({ arn: text, ...match.groups } as unknown as KeyArn) : undefined
}

/** Parses how an option names a key; `undefined` if it is not a name of a key. */
export const keyReferenceOf = (text: string): KeyReference | undefined => {
  for (const pattern of referencePatterns) {
    const match = pattern.exec(text)
    if (match) return { text, ...match.groups }
  }
  return undefined
}

/** Whether a key has all these parts; those that are `undefined` are not compared. */
export const isKeyOf = (key: KeyArn, facts: Partial<KeyArn>): boolean =>
  (['partition', 'region', 'account', 'id'] as const).every(
    (part) => facts[part] === undefined || facts[part] === key[part],
  )

/** Whether the key is a multi-Region key, whose replicas share its key id and key material. */
export const isMultiRegion = ({ id }: { readonly id: string }): boolean => id.startsWith('mrk-')

/** The same multi-Region key in another Region. */
export const inRegion = (key: KeyArn, region: string): KeyArn => {
  const { partition, account, id } = key
  return { arn: `arn:${partition}:kms:${region}:${account}:key/${id}`, partition, region, account, id }
}
