import { optionError } from '@glassine/core'
import { from } from '../errors.ts'
import { inRegion, isMultiRegion, type KeyArn, keyArnOf, regionPattern } from '../kms/arn.ts'

/**
 * Which KMS keys protect the branch keys (AWS's "KMS configuration" of a key store). Exactly one of these.
 *
 * The two discovery modes use whatever key a record of the table names, and neither create nor rotate.
 */
export interface KeyStoreKmsKey {
  /** This key and no other: AWS's `KMS Key ARN`. */
  readonly keyArn?: string
  /** This multi-Region key; records may name its replica in any Region: AWS's `KMS MRKey ARN`. */
  readonly mrKeyArn?: string
  /** The key that the record names, in its Region: AWS's `Discovery`. */
  readonly discovery?: true
  /** The key that the record names; of a multi-Region key, the replica in this Region: AWS's `MRDiscovery`. */
  readonly mrDiscovery?: { readonly region: string }
}

/** {@link KeyStoreKmsKey}, parsed. */
export interface KmsKeys {
  /** The mode and its ARN or Region, for the key store's id. */
  readonly name: string
  /** The key of new branch keys; `undefined` in the discovery modes. */
  readonly creator: KeyArn | undefined
  /** The Region that the options name. */
  readonly region: string | undefined
  /** The key to call for a record that names this one; `undefined` when the two are not compatible. */
  callFor(recorded: string): KeyArn | undefined
}

const modes = ['keyArn', 'mrKeyArn', 'discovery', 'mrDiscovery'] as const

/** The names, for the check against unknown ones. */
export const kmsKeyOptions: readonly string[] = modes

/** @throws GlassineError `ERR_OPTION_INVALID` */
export const kmsKeysOf = (options: KeyStoreKmsKey): KmsKeys => {
  const given = modes.filter((mode) => options[mode] !== undefined)
  const [mode] = given
  if (mode === undefined || given.length > 1)
    throw optionError(from, 'kms', `must have exactly one of ${modes.join(', ')}`)
  switch (mode) {
    case 'keyArn': {
      const key = keyOption(mode, options.keyArn)
      return keysOf(mode, key, (recorded) => recorded.arn === key.arn)
    }
    case 'mrKeyArn': {
      const key = keyOption(mode, options.mrKeyArn)
      return keysOf(mode, key, (recorded) => matches(recorded, key))
    }
    case 'discovery':
      if (options.discovery !== true) throw optionError(from, 'discovery', 'must be true where it is given')
      return { name: mode, creator: undefined, region: undefined, callFor: keyArnOf }
    case 'mrDiscovery': {
      const region: unknown = options.mrDiscovery?.region
      if (typeof region !== 'string' || !regionPattern.test(region))
        throw optionError(from, 'mrDiscovery', 'must have a `region`')
      const callFor = (recorded: string) => {
        const key = keyArnOf(recorded)
        return key && isMultiRegion(key) ? inRegion(key, region) : key
      }
      return { name: `${mode} ${region}`, creator: undefined, region, callFor }
    }
  }
}

const keysOf = (mode: string, key: KeyArn, compatible: (recorded: KeyArn) => boolean): KmsKeys => ({
  name: `${mode} ${key.arn}`,
  creator: key,
  region: key.region,
  // What the record names decides whether a call is made, never which key is called.
  callFor(text) {
    const recorded = keyArnOf(text)
    return recorded && compatible(recorded) ? key : undefined
  },
})

/** Equal, or replicas of one multi-Region key (AWS's "MRK match for decrypt"). */
const matches = (one: KeyArn, other: KeyArn): boolean =>
  one.arn === other.arn ||
  (isMultiRegion(one) &&
    one.id === other.id &&
    one.account === other.account &&
    one.partition === other.partition)

const keyOption = (option: string, arn: unknown): KeyArn => {
  const key = typeof arn === 'string' ? keyArnOf(arn) : undefined
  if (!key) throw optionError(from, option, 'must be the ARN of a KMS key, and not of an alias')
  return key
}
