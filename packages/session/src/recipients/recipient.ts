import type { KeyObject } from 'node:crypto'
import { methods, type Rule } from '@glassine/core/internal'
import type { CallBudget } from '@glassine/keys'
import type { RecipientJwk } from '../jwk.ts'

/** Asks for the x coordinate that a private key on P-256 and an ephemeral public key agree on: 32 bytes. */
export interface AgreeRequest extends CallBudget {
  readonly kind: 'agree'
  readonly kid: string
  /** On P-256, and on the curve: it was checked. */
  readonly publicKey: KeyObject
}

/** Asks for what was encrypted with RSAES-OAEP and SHA-256 for both its hash and its mask. */
export interface DecryptKeyRequest extends CallBudget {
  readonly kind: 'decrypt'
  readonly kid: string
  /** As long as the modulus. */
  readonly encryptedKey: Buffer
}

/**
 * Whoever holds the private keys that devices encrypt to. A user's own is these two methods.
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
  /** Whether each session costs a call from a quota; those are counted by `budget`. Default `true`. */
  readonly metered?: boolean
  /**
   * Its public keys, made by `recipientJwk`. Asked for once by each envelope and handler; must be the same at every
   * call, so it keeps what it has fetched.
   *
   * @throws GlassineError `ERR_KEY_UNAVAILABLE`
   */
  jwks(call: CallBudget): Promise<readonly RecipientJwk[]>
  /**
   * Uses a private key. The bytes pass to the caller, who zeroes them.
   *
   * @throws GlassineError `ERR_DECRYPT_FAILED` (a definite refusal of what the device sent), `ERR_KEY_UNAVAILABLE`
   */
  unwrap(request: AgreeRequest | DecryptKeyRequest): Promise<Uint8Array>
}

/** One recipient or several, as a list. */
export const recipientsOf = (value: Recipient | readonly Recipient[]): readonly Recipient[] =>
  [value].flat() as readonly Recipient[]

const [expected, isRecipient] = methods('jwks', 'unwrap')

/** One recipient or several. */
export const recipientsRule: Rule = [
  `must be one or an array of several, which ${expected}`,
  (value) => [value].flat().length > 0 && [value].flat().every(isRecipient),
]
