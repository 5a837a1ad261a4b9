import { createSign, type KeyObject } from 'node:crypto'
import { checkedOptions, required } from '@glassine/core/internal'
import type { CallBudget } from '@glassine/keys'
import { badOption, packageName, unavailable } from './errors.ts'
import { type EcPublicJwk, type PrivateJwk, publicJwkOf, signerJwk } from './jwk.ts'
import { type KmsKeyOptions, kmsKeyOf, responseBytes } from './kms/kms-key.ts'
import { importPrivateKey, privateKeyRule } from './recipients/local.ts'

/** Signs with ES256 (RFC 7518, section 3.4): ECDSA on P-256 with SHA-256. */
export interface Signer {
  /** The public key with its `kid`, for clients to pin. @throws GlassineError `ERR_KEY_UNAVAILABLE` */
  jwk(call: CallBudget): Promise<EcPublicJwk & { readonly kid: string }>
  /** The signature in the form of JOSE: R and S, 64 bytes. @throws GlassineError `ERR_KEY_UNAVAILABLE` */
  sign(input: Uint8Array, call: CallBudget): Promise<Uint8Array>
}

/**
 * A signer whose key never leaves AWS KMS: `ECC_NIST_P256` with the usage `SIGN_VERIFY`. The role needs `kms:Sign`, and
 * `kms:GetPublicKey` unless `publicKey` is given.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`
 * @example
 * ```ts
 * import { kmsSigner } from '@glassine/session'
 *
 * const sign = kmsSigner({ keyId: 'alias/published-keys' })
 * ```
 */
export const kmsSigner = (options: KmsKeyOptions): Signer => {
  const { publicJwk, call, operations } = kmsKeyOf(options, 'EC', 'sign')
  return {
    jwk: async ({ deadline }) => signerJwk((await publicJwk(deadline)) as EcPublicJwk),
    sign: async (input, { deadline }) =>
      joseSignature(
        await call(
          (key, options) =>
            operations.sign!(
              { ...key, SigningAlgorithm: 'ECDSA_SHA_256', MessageType: 'RAW', Message: input },
              options,
            ),
          ({ Signature }) => responseBytes(Signature),
          deadline,
        ),
      ),
  }
}

/** Options of {@link localSigner}. */
export interface LocalSignerOptions {
  /** The private key, on P-256: a `KeyObject`, a JWK or PEM. */
  readonly privateKey: KeyObject | PrivateJwk | string
}

/**
 * A signer whose key is in this process.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`
 * @example
 * ```ts
 * import { generateKeyPairSync } from 'node:crypto'
 * import { localRecipient, localSigner, publishedKeys } from '@glassine/session'
 *
 * const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
 * const keySet = publishedKeys({ recipients: localRecipient(), sign: localSigner({ privateKey }) })
 * ```
 */
export const localSigner = (options: LocalSignerOptions): Signer => {
  const privateKey = importPrivateKey(
    checkedOptions(packageName, { privateKey: required(privateKeyRule) }, options).privateKey,
  )
  const jwk = publicJwkOf(privateKey)
  if (jwk?.kty !== 'EC') throw badOption('privateKey', 'must be on P-256')
  return {
    jwk: async () => signerJwk(jwk),
    sign: async (input) =>
      createSign('sha256').update(input).sign({ key: privateKey, dsaEncoding: 'ieee-p1363' }),
  }
}

/** Checks the length of a signer's signature and encodes it. */
export const checkedSignature = (signature: Uint8Array): string => {
  if (!(signature instanceof Uint8Array) || signature.length !== 64)
    throw unavailable('A signer must return a signature of 64 bytes')
  return Buffer.from(signature).toString('base64url')
}

/** Bytes of R and of S on P-256. */
const half = 32

/**
 * Converts an ECDSA signature from DER, the form of KMS (RFC 3279, section 2.2.3: a sequence of two integers), to R and
 * S side by side, the form of JOSE (RFC 7518, section 3.4).
 *
 * @throws GlassineError `ERR_KEY_UNAVAILABLE` for anything but a signature on P-256
 */
export const joseSignature = (der: Buffer): Buffer => {
  // The lengths of both integers and of the sequence fit in one byte each.
  if (der[0] !== 0x30 || der[1] !== der.length - 2) throw malformed()
  const out = Buffer.alloc(2 * half)
  let at = 2
  for (const end of [half, 2 * half]) {
    const length = der[at + 1] ?? 0
    if (der[at] !== 0x02 || length === 0) throw malformed()
    let value = der.subarray(at + 2, at + 2 + length)
    // A leading zero marks the number as positive.
    if (value[0] === 0 && value.length > 1) value = value.subarray(1)
    if (value.length > half) throw malformed()
    value.copy(out, end - value.length)
    at += 2 + length
  }
  // Catches a sequence that ends too early or too late.
  if (at !== der.length) throw malformed()
  return out
}

const malformed = () => unavailable('KMS returned a signature that is not on P-256')
