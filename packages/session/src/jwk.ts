import { createHash, createPublicKey, type KeyObject } from 'node:crypto'

/** A public key on P-256, as it is published (RFC 7517; RFC 7518, section 6.2.1). */
export interface EcPublicJwk {
  readonly kty: 'EC'
  readonly crv: 'P-256'
  readonly x: string
  readonly y: string
  readonly use?: string
  readonly alg?: string
  readonly kid?: string
}

/** An RSA public key, as it is published (RFC 7518, section 6.3.1). */
export interface RsaPublicJwk {
  readonly kty: 'RSA'
  readonly n: string
  readonly e: string
  readonly use?: string
  readonly alg?: string
  readonly kid?: string
}

/**
 * A private key as a JWK: what `KeyObject.export({ format: 'jwk' })` returns. Node's own type of it does not exist in
 * all versions of `@types/node`.
 */
export type PrivateJwk = {
  readonly [member in 'kty' | 'crv' | 'd' | 'x' | 'y' | 'n' | 'e' | 'p' | 'q' | 'dp' | 'dq' | 'qi' | 'kid']?:
    | string
    | undefined
}

/** A public key that devices encrypt to, or that a signature is verified with. */
export type PublicJwk = EcPublicJwk | RsaPublicJwk

/** The algorithm with which a device encrypts session keys, as a published key names it. */
export type RecipientAlgorithm = 'ECDH-ES' | 'RSA-OAEP-256'

/** A recipient's public key with all members that are published. */
export type RecipientJwk = PublicJwk & {
  readonly kid: string
  readonly use: 'enc'
  readonly alg: RecipientAlgorithm
}

/** The SHA-256 thumbprint of a public key (RFC 7638), base64url: its `kid`. */
export const thumbprint = (jwk: PublicJwk): string => {
  const members =
    jwk.kty === 'EC'
      ? { crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y }
      : { e: jwk.e, kty: jwk.kty, n: jwk.n }
  return createHash('sha256').update(JSON.stringify(members)).digest('base64url')
}

/** Accepted lengths of RSA moduli, in bits: those of KMS. */
const moduli = [2048, 3072, 4096]

/**
 * The public half of a key as a bare JWK; `undefined` for a key that is neither on P-256 nor RSA of a length that KMS
 * offers.
 *
 * @example
 * ```ts
 * import { generateKeyPairSync } from 'node:crypto'
 * import { publicJwkOf } from '@glassine/session'
 *
 * const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
 * publicJwkOf(publicKey) // { kty: 'EC', crv: 'P-256', x: '...', y: '...' }
 * ```
 */
export const publicJwkOf = (key: KeyObject): PublicJwk | undefined => {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key
  if (publicKey.type !== 'public') return undefined
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = publicKey
  if (type === 'ec' && details?.namedCurve === 'prime256v1') {
    const { x, y } = publicKey.export({ format: 'jwk' })
    return { kty: 'EC', crv: 'P-256', x: x!, y: y! }
  }
  if (type === 'rsa' && moduli.includes(details?.modulusLength ?? 0)) {
    const { n, e } = publicKey.export({ format: 'jwk' })
    return { kty: 'RSA', n: n!, e: e! }
  }
  return undefined
}

/**
 * The key in the form in which a recipient publishes it; its `kid` is the thumbprint (RFC 7638).
 *
 * @example
 * ```ts
 * import { generateKeyPairSync } from 'node:crypto'
 * import { publicJwkOf, recipientJwk } from '@glassine/session'
 *
 * const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
 * recipientJwk(publicJwkOf(publicKey)!) // the same with `use: 'enc'`, `alg: 'ECDH-ES'` and `kid`
 * ```
 */
export const recipientJwk = (jwk: PublicJwk): RecipientJwk => ({
  ...jwk,
  use: 'enc',
  alg: jwk.kty === 'EC' ? 'ECDH-ES' : 'RSA-OAEP-256',
  kid: thumbprint(jwk),
})

/** The key in the form in which a signer publishes it. */
export const signerJwk = (jwk: EcPublicJwk): EcPublicJwk & { readonly kid: string } => ({
  ...jwk,
  use: 'sig',
  alg: 'ES256',
  kid: thumbprint(jwk),
})

/**
 * Imports a public key given as JWK or DER (SubjectPublicKeyInfo). Of a JWK only the public members are read.
 * `undefined` for an invalid key; OpenSSL checks that a point is on its curve.
 */
export const importPublicKey = (value: unknown): KeyObject | undefined => {
  try {
    if (value instanceof Uint8Array)
      return createPublicKey({ key: Buffer.from(value), format: 'der', type: 'spki' })
    const { kty, crv, x, y, n, e } = (value ?? {}) as Record<string, string>
    const key = kty === 'EC' ? { kty, crv, x, y } : { kty, n, e }
    return createPublicKey({ key, format: 'jwk' })
  } catch {
    return undefined
  }
}
