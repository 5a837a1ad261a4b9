import type { KmsCallOptions } from '@glassine/keys'

/** The input that all operations share. */
export interface SessionKmsInput {
  /** Key id, key ARN, `alias/...` or alias ARN. */
  readonly KeyId: string
  readonly GrantTokens?: readonly string[]
}

/** A response of KMS. Every member is checked before use. */
export interface SessionKmsResponse {
  /** The ARN of the key that was used. */
  readonly KeyId?: string
  /** GetPublicKey: DER, SubjectPublicKeyInfo. */
  readonly PublicKey?: Uint8Array
  /** GetPublicKey. */
  readonly KeyUsage?: string
  /** DeriveSharedSecret: the x coordinate. */
  readonly SharedSecret?: Uint8Array
  /** Decrypt. */
  readonly Plaintext?: Uint8Array
  /** Sign: DER, Ecdsa-Sig-Value. */
  readonly Signature?: Uint8Array
}

type Operation<I> = (input: SessionKmsInput & I, call: KmsCallOptions) => Promise<SessionKmsResponse>

/**
 * The KMS operations of recipients and signers, under AWS's names; each recipient and signer needs two. Default: the
 * AWS SDK's client. Errors are distinguished by `name`, spelled as AWS does.
 */
export interface SessionKmsOperations {
  getPublicKey: Operation<object>
  deriveSharedSecret: Operation<{ readonly KeyAgreementAlgorithm: 'ECDH'; readonly PublicKey: Uint8Array }>
  decrypt: Operation<{
    readonly EncryptionAlgorithm: 'RSAES_OAEP_SHA_256'
    readonly CiphertextBlob: Uint8Array
  }>
  sign: Operation<{
    readonly SigningAlgorithm: 'ECDSA_SHA_256'
    readonly MessageType: 'RAW'
    readonly Message: Uint8Array
  }>
}

/** The names of all operations. */
export const sessionKmsOperations = ['getPublicKey', 'deriveSharedSecret', 'decrypt', 'sign'] as const
