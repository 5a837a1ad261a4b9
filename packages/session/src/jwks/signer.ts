import { createSign, type JsonWebKey, type KeyObject } from 'node:crypto'
import { checkedOptions, required } from '@glassine/core/internal'
import type { CallBudget } from '@glassine/keys'
import { badOption, packageName, unavailable } from '../errors.ts'
import { type EcPublicJwk, publicJwkOf, signerJwk } from '../jwk.ts'
import { type KmsKeyOptions, kmsKeyOf, taken } from '../kms/kms-key.ts'
import { imported, privateKeyRule } from '../recipients/local.ts'
import { joseSignature } from './signature.ts'

/** Signs with ES256 (RFC 7518, section 3.4): ECDSA on P-256 with SHA-256. */
export interface Signer {
  /** The public key with its `kid`, for those who pin it. @throws GlassineError `ERR_KEY_UNAVAILABLE` */
  jwk(call: CallBudget): Promise<EcPublicJwk & { readonly kid: string }>
  /** The signature as JOSE has it: R and S, 64 bytes. @throws GlassineError `ERR_KEY_UNAVAILABLE` */
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
  const { publicJwk, call, operations } = kmsKeyOf(options, 'EC', ['sign'])
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
          ({ Signature }) => taken(Signature),
          deadline,
        ),
      ),
  }
}

/** Options of {@link localSigner}. */
export interface LocalSignerOptions {
  /** On P-256: a `KeyObject`, a JWK or PEM. */
  readonly privateKey: KeyObject | JsonWebKey | string
}

/**
 * A signer whose key is in this process.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`
 */
export const localSigner = (options: LocalSignerOptions): Signer => {
  const privateKey = imported(
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

/** What a signer has returned, of the one length it can have. */
export const checkedSignature = (signature: Uint8Array): string => {
  if (!(signature instanceof Uint8Array) || signature.length !== 64)
    throw unavailable('A signer returned no signature of 64 bytes')
  return Buffer.from(signature).toString('base64url')
}
