/*
 * Keys by Web Crypto. The types are taken from the global `crypto`, which Node and browsers name alike; the names of
 * the browser's library are not known to those who compile for Node.
 */
import { type Bytes, decode, utf8 } from './bytes.ts'

export type WebCrypto = typeof globalThis.crypto
export type Key = Parameters<WebCrypto['subtle']['encrypt']>[1]

/** Public key on P-256 (RFC 7518, section 6.2.1), its members in the order of RFC 7638. */
export interface EcJwk {
  readonly crv: 'P-256'
  readonly kty: 'EC'
  readonly x: string
  readonly y: string
}

const p256 = { name: 'ECDH', namedCurve: 'P-256' } as const

export const randomBytes = (crypto: WebCrypto, length: number): Bytes =>
  crypto.getRandomValues(new Uint8Array(length))

export const sha256 = async ({ subtle }: WebCrypto, bytes: Bytes): Promise<Bytes> =>
  new Uint8Array(await subtle.digest('SHA-256', bytes))

/** A key for A256GCM that does not leave Web Crypto again; the bytes given are zeroed. */
export const gcmKey = async (
  { subtle }: WebCrypto,
  bytes: Bytes,
  use: 'encrypt' | 'decrypt',
): Promise<Key> => {
  const key = await subtle.importKey('raw', bytes, 'AES-GCM', false, [use])
  bytes.fill(0)
  return key
}

/** A new pair on P-256: the private key, which cannot be exported, and the public one. */
export const ecPair = async ({ subtle }: WebCrypto): Promise<{ readonly own: Key; readonly jwk: EcJwk }> => {
  const pair = await subtle.generateKey(p256, false, ['deriveBits'])
  return { own: pair.privateKey, jwk: ecJwk(await subtle.exportKey('jwk', pair.publicKey)) }
}

/** The public members of a key on P-256; what is not one has none, and no thumbprint or import fits. */
export const ecJwk = ({ x, y }: { readonly x?: string; readonly y?: string }): EcJwk => ({
  crv: 'P-256',
  kty: 'EC',
  x: x!,
  y: y!,
})

/**
 * ECDH-ES in direct key agreement (RFC 7518, section 4.6): the key for A256GCM that two ends agree on.
 *
 * @param info - `apu` and `apv` of the header, which join the derivation where they are there
 * @throws DOMException when the public key is no point of the curve
 */
export const agree = async (
  crypto: WebCrypto,
  own: Key,
  theirs: EcJwk,
  use: 'encrypt' | 'decrypt',
  { apu = '', apv = '' }: { readonly apu?: string; readonly apv?: string } = {},
): Promise<Key> => {
  const { subtle } = crypto
  const shared = await subtle.deriveBits(
    { name: 'ECDH', public: await subtle.importKey('jwk', { ...theirs }, p256, false, []) },
    own,
    256,
  )
  const derived = await concatKdf(crypto, new Uint8Array(shared), 'A256GCM', decode(apu), decode(apv))
  return gcmKey(crypto, derived, use)
}

/**
 * Concat KDF (NIST SP 800-56A, 5.8.1; RFC 7518, section 4.6.2) for 256 bits, which one round of SHA-256 gives. The
 * shared secret is zeroed.
 */
export const concatKdf = async (
  crypto: WebCrypto,
  shared: Bytes,
  algorithm: string,
  apu: Bytes,
  apv: Bytes,
  bits = 256,
): Promise<Bytes> => {
  const name = utf8(algorithm)
  // Each part stands behind a number: the round, three lengths, and the length of the key alone.
  const parts: readonly (readonly [number, Bytes])[] = [
    [1, shared],
    [name.length, name],
    [apu.length, apu],
    [apv.length, apv],
    [bits, new Uint8Array()],
  ]
  const bytes = new Uint8Array(parts.reduce((sum, [, part]) => sum + 4 + part.length, 0))
  let at = 0
  for (const [number, part] of parts) {
    new DataView(bytes.buffer).setUint32(at, number)
    bytes.set(part, at + 4)
    at += 4 + part.length
  }
  const derived = await sha256(crypto, bytes)
  shared.fill(0)
  bytes.fill(0)
  return derived
}
