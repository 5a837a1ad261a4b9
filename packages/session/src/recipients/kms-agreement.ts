import { decryptFailed } from '../errors.ts'
import { coordinateBytes } from '../jwe/agreement.ts'
import { recipientJwk } from '../jwk.ts'
import { type KmsKeyOptions, kmsKeyOf, taken } from '../kms/kms-key.ts'
import type { Recipient } from './recipient.ts'

/**
 * A recipient whose private key never leaves AWS KMS: `ECC_NIST_P256` with the usage `KEY_AGREEMENT`. Opens `ECDH-ES`
 * and `ECDH-ES+A256KW`, by one DeriveSharedSecret for each session.
 *
 * The role needs `kms:DeriveSharedSecret`, and `kms:GetPublicKey` unless `publicKey` is given.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`; later `ERR_KEY_UNAVAILABLE`, and `ERR_TLS_REQUIRED` when the endpoint is
 * not https
 * @example
 * ```ts
 * import { kmsAgreementRecipient } from '@glassine/session'
 *
 * const recipient = kmsAgreementRecipient({ keyId: 'alias/devices' })
 * ```
 */
export const kmsAgreementRecipient = (options: KmsKeyOptions): Recipient => {
  const { publicJwk, call, operations } = kmsKeyOf(options, 'EC', ['deriveSharedSecret'])
  return {
    metered: true,
    jwks: async ({ deadline }) => [recipientJwk(await publicJwk(deadline))],
    async unwrap(request) {
      if (request.kind !== 'agree') throw decryptFailed()
      const { publicKey, deadline } = request
      const PublicKey = publicKey.export({ format: 'der', type: 'spki' })
      return call(
        (input, options) =>
          operations.deriveSharedSecret!({ ...input, KeyAgreementAlgorithm: 'ECDH', PublicKey }, options),
        ({ SharedSecret }) => taken(SharedSecret, coordinateBytes),
        deadline,
      )
    },
  }
}
