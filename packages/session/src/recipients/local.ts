import {
  constants,
  createPrivateKey,
  diffieHellman,
  generateKeyPairSync,
  KeyObject,
  privateDecrypt,
} from 'node:crypto'
import { anyObject, checkedOptions, flag, type OptionSchema, type Rule } from '@glassine/core/internal'
import { refuseInLambda } from '@glassine/keys/internal'
import { badOption, decryptFailed, packageName } from '../errors.ts'
import { type PrivateJwk, publicJwkOf, type RecipientJwk, recipientJwk } from '../jwk.ts'
import type { Recipient } from './recipient.ts'

/** Options of {@link localRecipient}. */
export interface LocalRecipientOptions {
  /**
   * The private key, on P-256 or RSA of at least 2,048 bits: a `KeyObject`, a JWK or PEM. Default: a random one on
   * P-256, which is lost with the process, and with it all sessions to it.
   */
  readonly privateKey?: KeyObject | PrivateJwk | string
  /** `true` allows the recipient in AWS Lambda. Default `false`. */
  readonly allowInLambda?: boolean
}

/** The forms of a private key. */
export const privateKeyRule: Rule = [
  'must be a private key: a KeyObject, a JWK or PEM',
  (value) => typeof value === 'string' || anyObject[1](value),
]

const schema: OptionSchema<LocalRecipientOptions> = { privateKey: privateKeyRule, allowInLambda: flag }

/**
 * A recipient whose private key is in this process, for development and tests. Throws where
 * `AWS_LAMBDA_FUNCTION_NAME` is set.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`
 * @example
 * ```ts
 * import { localRecipient, sessionEnvelope } from '@glassine/session'
 *
 * const devices = sessionEnvelope({ recipients: localRecipient(), audience: 'https://localhost:8443' })
 * ```
 */
export const localRecipient = (options: LocalRecipientOptions = {}): Recipient => {
  const { privateKey: given, allowInLambda } = checkedOptions(packageName, schema, options)
  refuseInLambda(allowInLambda, 'kmsAgreementRecipient', badOption)
  // Generated at the first use: environments restored from one snapshot would otherwise share the key.
  let pair: KeyPair | undefined = given === undefined ? undefined : pairOf(importPrivateKey(given))
  const current = (): KeyPair => {
    pair ??= pairOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
    return pair
  }
  return {
    metered: false,
    jwks: async () => [current().jwk],
    async unwrap(request) {
      const { privateKey } = current()
      try {
        return request.kind === 'agree'
          ? diffieHellman({ privateKey, publicKey: request.publicKey })
          : privateDecrypt(
              { key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' },
              request.encryptedKey,
            )
      } catch {
        throw decryptFailed(
          'the recipient cannot decrypt the session JWE: it was changed, or is under another key',
        )
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

/** Imports a private key in any form that Node reads. */
export const importPrivateKey = (key: KeyObject | PrivateJwk | string): KeyObject => {
  try {
    const privateKey =
      key instanceof KeyObject
        ? key
        : typeof key === 'string'
          ? createPrivateKey(key)
          : createPrivateKey({ key: key as { kty: string }, format: 'jwk' })
    if (privateKey.type === 'private') return privateKey
  } catch {
    // OpenSSL's message does not help, and Node's may quote the key.
  }
  throw badOption('privateKey', privateKeyRule[0])
}
