import type { KeyObject } from 'node:crypto'
import { methods, type Rule } from '@glassine/core/internal'
import type { CallBudget } from '@glassine/keys'
import type { RecipientJwk } from '../jwk.ts'

/** Asks for the shared secret of a private key on P-256 and an ephemeral public key: the x coordinate, 32 bytes. */
export interface AgreeRequest extends CallBudget {
  readonly kind: 'agree'
  readonly kid: string
  /** A point on P-256; it was checked. */
  readonly publicKey: KeyObject
}

/** Asks for the plaintext of RSAES-OAEP, with SHA-256 as its hash and in its mask function. */
export interface DecryptKeyRequest extends CallBudget {
  readonly kind: 'decrypt'
  readonly kid: string
  /** The ciphertext, as long as the modulus. */
  readonly encryptedKey: Buffer
}

/**
 * Holds the private keys that devices encrypt to. A custom recipient implements these two methods.
 *
 * @example
 * ```ts
 * import { diffieHellman, type KeyObject } from 'node:crypto'
 * import { publicJwkOf, type Recipient, recipientJwk } from '@glassine/session'
 *
 * const recipientOf = (privateKey: KeyObject): Recipient => ({
 *   metered: false,
 *   jwks: async () => [recipientJwk(publicJwkOf(privateKey)!)],
 *   async unwrap(request) {
 *     if (request.kind !== 'agree') throw new Error('The key is on P-256')
 *     return diffieHellman({ privateKey, publicKey: request.publicKey })
 *   },
 * })
 * ```
 */
export interface Recipient {
  /** Whether each session costs a call, which `budget` counts. Default `true`. */
  readonly metered?: boolean
  /**
   * Its public keys, made by `recipientJwk`. Each envelope and each set of published keys asks once. Must return the
   * same keys at every call, so a recipient caches what it fetched.
   *
   * @throws GlassineError `ERR_KEY_UNAVAILABLE`
   */
  jwks(call: CallBudget): Promise<readonly RecipientJwk[]>
  /**
   * Uses a private key. The caller owns the returned bytes and zeroes them.
   *
   * @throws GlassineError `ERR_DECRYPT_FAILED` (the device's ciphertext or key is invalid), `ERR_KEY_UNAVAILABLE`
   */
  unwrap(request: AgreeRequest | DecryptKeyRequest): Promise<Uint8Array>
}

/** One recipient or several, as a list. */
export const recipientsOf = (value: Recipient | readonly Recipient[]): readonly Recipient[] =>
  [value].flat() as readonly Recipient[]

const [expected, isRecipient] = methods('jwks', 'unwrap')

/** One recipient or several. */
export const recipientsRule: Rule = [
  `must be one recipient or a non-empty array of them, which ${expected}`,
  (value) => [value].flat().length > 0 && [value].flat().every(isRecipient),
]
