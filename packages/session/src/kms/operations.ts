import type { KmsCallOptions } from '@glassine/keys'

/** What every operation is given. */
export interface SessionKmsInput {
  /** Key id, key ARN, `alias/...` or alias ARN. */
  readonly KeyId: string
  readonly GrantTokens?: readonly string[]
}

/** What KMS answers, unchecked: every member is checked before it is used. */
export interface SessionKmsAnswer {
  /** The ARN of the key that served. */
  readonly KeyId?: string
  /** GetPublicKey: DER, SubjectPublicKeyInfo. */
  readonly PublicKey?: Uint8Array
  /** DeriveSharedSecret: the x coordinate. */
  readonly SharedSecret?: Uint8Array
  /** Decrypt. */
  readonly Plaintext?: Uint8Array
  /** Sign: DER, Ecdsa-Sig-Value. */
  readonly Signature?: Uint8Array
}

type Operation<I> = (input: SessionKmsInput & I, call: KmsCallOptions) => Promise<SessionKmsAnswer>

/**
 * The KMS operations of recipients and signers, with AWS's own names; each needs two of them. The AWS SDK's client is
 * behind it by default. Errors are told apart by `name`, as AWS spells it.
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

/** The names of all of them. */
export const sessionKmsOperations = ['getPublicKey', 'deriveSharedSecret', 'decrypt', 'sign'] as const
