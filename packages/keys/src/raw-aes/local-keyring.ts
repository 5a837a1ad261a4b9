import { randomBytes } from 'node:crypto'
import { flag, type OptionSchema } from '@glassine/core/internal'
import { badOption, checked } from '../errors.ts'
import type { Keyring } from '../keyring.ts'
import { type RawAesKeyringOptions, rawAesKeyring, wrappingKeyRule } from './raw-aes-keyring.ts'

/** Options of {@link localKeyring}. */
export interface LocalKeyringOptions {
  /** The wrapping key, 32 bytes; default: a random one, gone with the process and all it encrypted. */
  readonly key?: RawAesKeyringOptions['key']
  /** `true`: start in AWS Lambda too. Default `false`. */
  readonly allowInLambda?: boolean
}

const schema: OptionSchema<LocalKeyringOptions> = { key: wrappingKeyRule, allowInLambda: flag }

/**
 * A keyring for development and tests, which needs no AWS account: a {@link rawAesKeyring} with the namespace
 * `local`. Refuses to start where `AWS_LAMBDA_FUNCTION_NAME` is set.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`
 * @example
 * ```ts
 * import { keyMaterial } from '@glassine/keys'
 * import { localKeyring } from '@glassine/keys/raw-aes'
 *
 * const keys = keyMaterial({ keyring: localKeyring() })
 * ```
 */
export const localKeyring = (options: LocalKeyringOptions = {}): Keyring => {
  const { key, allowInLambda } = checked(schema, options)
  if (process.env.AWS_LAMBDA_FUNCTION_NAME && !allowInLambda)
    throw badOption('allowInLambda', 'must be true for a local keyring in AWS Lambda')
  if (key !== undefined) return rawAesKeyring({ namespace: 'local', name: 'local', key })
  const random = randomBytes(32)
  try {
    return rawAesKeyring({ namespace: 'local', name: 'local', key: random })
  } finally {
    random.fill(0)
  }
}
