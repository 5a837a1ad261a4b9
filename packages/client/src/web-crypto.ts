/* Keys of Web Crypto. Their types come from the global `crypto`, the one name that Node and browsers share. */
import { derivationBytes } from '@glassine/core/internal'
import type { Bytes } from './bytes.ts'

export type WebCrypto = typeof globalThis.crypto
export type Key = Parameters<WebCrypto['subtle']['encrypt']>[1]
type Use = 'encrypt' | 'decrypt'

/** A public key on P-256 (RFC 7518, section 6.2.1). */
export interface EcJwk {
  readonly x?: string
  readonly y?: string
}

/** The cipher for everything encrypted here. */
export const enc = 'A256GCM'

const p256 = { name: 'ECDH', namedCurve: 'P-256' }

export const randomBytes = (crypto: WebCrypto, length: number): Bytes =>
  crypto.getRandomValues(new Uint8Array(length))

export const sha256 = async ({ subtle }: WebCrypto, bytes: Bytes): Promise<Bytes> =>
  new Uint8Array(await subtle.digest('SHA-256', bytes))

/** A key for A256GCM that never leaves Web Crypto again. The bytes are zeroed, even on failure. */
export const gcmKey = async ({ subtle }: WebCrypto, bytes: Bytes, use: Use): Promise<Key> => {
  try {
    return await subtle.importKey('raw', bytes, 'AES-GCM', false, [use])
  } finally {
    bytes.fill(0)
  }
}

/** The public members, in the order of RFC 7638. A key that is not on P-256 lacks some, and then nothing matches. */
export const ecJwk = ({ x, y }: EcJwk) => ({ crv: 'P-256', kty: 'EC', x, y })

/** A new pair on P-256: the private key, which cannot be exported, and the public one. */
export const ecPair = async ({ subtle }: WebCrypto): Promise<readonly [own: Key, jwk: EcJwk]> => {
  const { privateKey, publicKey } = await subtle.generateKey(p256, false, ['deriveBits'])
  return [privateKey, ecJwk(await subtle.exportKey('jwk', publicKey))]
}

/**
 * The key for A256GCM of an ECDH-ES agreement (RFC 7518, section 4.6), without party information.
 *
 * @throws DOMException if the public key is not a point on the curve
 */
export const agree = async (crypto: WebCrypto, own: Key, theirs: EcJwk, use: Use): Promise<Key> => {
  const { subtle } = crypto
  const key = await subtle.importKey('jwk', ecJwk(theirs), p256, false, [])
  const secret = new Uint8Array(await subtle.deriveBits({ name: 'ECDH', public: key }, own, 256))
  const bytes = derivationBytes(secret, enc)
  secret.fill(0)
  try {
    return await gcmKey(crypto, await sha256(crypto, bytes), use)
  } finally {
    // They contain the secret.
    bytes.fill(0)
  }
}
