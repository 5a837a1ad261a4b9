import { decryptFailed } from '../errors.ts'
import { recipientJwk } from '../jwk.ts'
import { type KmsKeyOptions, kmsKeyOf, taken } from '../kms/kms-key.ts'
import type { Recipient } from './recipient.ts'

/**
 * A recipient whose private key never leaves AWS KMS: RSA of 2,048 bits and more with the usage `ENCRYPT_DECRYPT`. Opens
 * `RSA-OAEP-256`, by one Decrypt for each session. The operation is five times cheaper than DeriveSharedSecret, and KMS
 * itself refuses what was not encrypted to the key.
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
  const { publicJwk, call, operations } = kmsKeyOf(options, 'RSA', ['decrypt'])
  return {
    metered: true,
    jwks: async ({ deadline }) => [recipientJwk(await publicJwk(deadline))],
    async unwrap(request) {
      if (request.kind !== 'decrypt') throw decryptFailed()
      const { encryptedKey, deadline } = request
      return call(
        (input, options) =>
          operations.decrypt!(
            { ...input, EncryptionAlgorithm: 'RSAES_OAEP_SHA_256', CiphertextBlob: encryptedKey },
            options,
          ),
        ({ Plaintext }) => taken(Plaintext),
        deadline,
      )
    },
  }
}
