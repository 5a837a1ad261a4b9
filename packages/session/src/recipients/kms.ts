import { otherAlgorithm } from '../errors.ts'
import { coordinateBytes } from '../jwe/agreement.ts'
import { recipientJwk } from '../jwk.ts'
import { type KmsKeyOptions, kmsKeyOf, responseBytes } from '../kms/kms-key.ts'
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
  const { publicJwk, call, operations } = kmsKeyOf(options, 'EC', 'deriveSharedSecret')
  return {
    metered: true,
    jwks: async ({ deadline }) => [recipientJwk(await publicJwk(deadline))],
    async unwrap(request) {
      if (request.kind !== 'agree') throw otherAlgorithm()
      const { publicKey, deadline } = request
      const PublicKey = publicKey.export({ format: 'der', type: 'spki' })
      return call(
        (input, options) =>
          operations.deriveSharedSecret!({ ...input, KeyAgreementAlgorithm: 'ECDH', PublicKey }, options),
        ({ SharedSecret }) => responseBytes(SharedSecret, coordinateBytes),
        deadline,
      )
    },
  }
}

/**
 * A recipient whose private key never leaves AWS KMS: RSA of at least 2,048 bits with the usage `ENCRYPT_DECRYPT`.
 * Opens `RSA-OAEP-256`, by one Decrypt for each session. The operation is five times cheaper than DeriveSharedSecret,
 * and KMS itself refuses a ciphertext that was not made for the key.
 *
 * The role needs `kms:Decrypt`, and `kms:GetPublicKey` unless `publicKey` is given.
 *
 * @throws GlassineError as `kmsAgreementRecipient`
 * @example
 * ```ts
 * import { kmsRsaRecipient } from '@glassine/session'
 *
 * const recipient = kmsRsaRecipient({ keyId: 'alias/devices-rsa' })
 * ```
 */
export const kmsRsaRecipient = (options: KmsKeyOptions): Recipient => {
  const { publicJwk, call, operations } = kmsKeyOf(options, 'RSA', 'decrypt')
  return {
    metered: true,
    jwks: async ({ deadline }) => [recipientJwk(await publicJwk(deadline))],
    async unwrap(request) {
      if (request.kind !== 'decrypt') throw otherAlgorithm()
      const { encryptedKey, deadline } = request
      return call(
        (input, options) =>
          operations.decrypt!(
            { ...input, EncryptionAlgorithm: 'RSAES_OAEP_SHA_256', CiphertextBlob: encryptedKey },
            options,
          ),
        ({ Plaintext }) => responseBytes(Plaintext),
        deadline,
      )
    },
  }
}
