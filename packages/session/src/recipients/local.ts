import {
  constants,
  createPrivateKey,
  diffieHellman,
  generateKeyPairSync,
  type JsonWebKey,
  KeyObject,
  privateDecrypt,
} from 'node:crypto'
import { anyObject, checkedOptions, flag, type OptionSchema, type Rule } from '@glassine/core/internal'
import { badOption, decryptFailed, packageName } from '../errors.ts'
import { publicJwkOf, type RecipientJwk, recipientJwk } from '../jwk.ts'
import type { Recipient } from './recipient.ts'

/** Options of {@link localRecipient}. */
export interface LocalRecipientOptions {
  /**
   * The private key, on P-256 or RSA of 2,048 bits and more: a `KeyObject`, a JWK or PEM. Default: a random one on
   * P-256, gone with the process and all sessions to it.
   */
  readonly privateKey?: KeyObject | JsonWebKey | string
  /** `true`: start in AWS Lambda too. Default `false`. */
  readonly allowInLambda?: boolean
}

/** What a private key may be given as. */
export const privateKeyRule: Rule = [
  'must be a private key: a KeyObject, a JWK or PEM',
  (value) => typeof value === 'string' || anyObject[1](value),
]

const schema: OptionSchema<LocalRecipientOptions> = { privateKey: privateKeyRule, allowInLambda: flag }

/**
 * A recipient whose private key is in this process, for development and tests. Refuses to start where
 * `AWS_LAMBDA_FUNCTION_NAME` is set.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`
 * @example
 * ```ts
 * import { localRecipient, sessionEnvelope } from '@glassine/session'
 *
 * const devices = sessionEnvelope({ recipient: localRecipient(), audience: 'https://localhost:8443' })
 * ```
 */
export const localRecipient = (options: LocalRecipientOptions = {}): Recipient => {
  const { privateKey: given, allowInLambda } = checkedOptions(packageName, schema, options)
  if (process.env.AWS_LAMBDA_FUNCTION_NAME && !allowInLambda)
    throw badOption('allowInLambda', 'must be true for a local recipient in AWS Lambda')
  // Not before it is needed: environments restored from one snapshot would share it.
  let pair: KeyPair | undefined = given === undefined ? undefined : pairOf(imported(given))
  const own = (): KeyPair => {
    pair ??= pairOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
    return pair
  }
  return {
    metered: false,
    jwks: async () => [own().jwk],
    async unwrap(request) {
      const { privateKey } = own()
      try {
        return request.kind === 'agree'
          ? diffieHellman({ privateKey, publicKey: request.publicKey })
          : privateDecrypt(
              { key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' },
              request.encryptedKey,
            )
      } catch {
        throw decryptFailed()
      }
    },
  }
}

interface KeyPair {
  readonly privateKey: KeyObject
  readonly jwk: RecipientJwk
}

const pairOf = (privateKey: KeyObject): KeyPair => {
  const jwk = publicJwkOf(privateKey)
  if (jwk === undefined)
    throw badOption('privateKey', 'must be on P-256, or RSA of 2,048, 3,072 or 4,096 bits')
  return { privateKey, jwk: recipientJwk(jwk) }
}

/** A private key in any of the forms that Node reads. */
export const imported = (key: KeyObject | JsonWebKey | string): KeyObject => {
  try {
    const privateKey =
      key instanceof KeyObject
        ? key
        : typeof key === 'string'
          ? createPrivateKey(key)
          : createPrivateKey({ key, format: 'jwk' })
    if (privateKey.type === 'private') return privateKey
  } catch {
    // OpenSSL's message says nothing that helps, and Node's may quote the key.
  }
  throw badOption('privateKey', privateKeyRule[0])
}
