import { branchKeyLength } from '../branch-key.ts'
import type { EncryptionContext } from '../encryption-context.ts'
import { branchKeyRefused, notEncrypted } from '../errors.ts'
import { answeredKey, checkedAnswer, takeBlob, takePlaintext } from '../kms/answers.ts'
import type { KeyArn } from '../kms/arn.ts'
import { wrongAnswer } from '../kms/failures.ts'
import type { KmsAnswer, KmsCallOptions } from '../kms/operations.ts'
import { firstAnswer } from '../kms/retry.ts'
import type { KeyStoreKmsOperations } from './kms-operations.ts'

type Deadline = () => number

/** What KMS does for branch keys. Only `open` ever sees one in the clear. */
export interface Protection {
  /** A new key of 32 bytes, as ciphertext. */
  create(key: KeyArn, context: EncryptionContext, deadline: Deadline): Promise<Buffer>
  /** The same key under another encryption context; under the same one, a proof that the record is authentic. */
  reEncrypt(
    key: KeyArn,
    enc: Uint8Array,
    contexts: readonly [source: EncryptionContext, destination: EncryptionContext],
    deadline: Deadline,
  ): Promise<Buffer>
  open(key: KeyArn, context: EncryptionContext, enc: Uint8Array, deadline: Deadline): Promise<Buffer>
}

/** The operations with retries, each answer checked. */
export const protection = (
  operations: KeyStoreKmsOperations,
  grantTokens: readonly string[] | undefined,
): Protection => {
  const grants = grantTokens?.length ? { GrantTokens: grantTokens } : undefined

  const call = async <T>(
    key: KeyArn,
    deadline: Deadline,
    once: (options: KmsCallOptions) => Promise<T>,
    refused: (names: string) => Error,
  ): Promise<T> => {
    const { region } = key
    const result = await firstAnswer<T>([(signal) => once({ signal, region })], deadline)
    if ('answer' in result) return result.answer
    throw refused(result.refusals.join(', '))
  }

  return {
    create: (key, context, deadline) =>
      call(
        key,
        deadline,
        async (options) => {
          const input = {
            KeyId: key.arn,
            EncryptionContext: context,
            NumberOfBytes: branchKeyLength,
            ...grants,
          }
          const answer = await operations.generateDataKeyWithoutPlaintext(input, options)
          answeredKey(answer, key)
          return takeBlob(answer)
        },
        (names) => notEncrypted(`KMS refused to generate a branch key: ${names}`),
      ),
    reEncrypt: (key, enc, [source, destination], deadline) =>
      call(
        key,
        deadline,
        async (options) => {
          const input = {
            SourceKeyId: key.arn,
            SourceEncryptionContext: source,
            CiphertextBlob: enc,
            DestinationKeyId: key.arn,
            DestinationEncryptionContext: destination,
            ...grants,
          }
          const answer = await operations.reEncrypt(input, options)
          answeredKey(answer, key)
          if (answer.SourceKeyId !== key.arn) throw wrongAnswer()
          return takeBlob(answer)
        },
        (names) => notEncrypted(`KMS refused to re-encrypt the branch key: ${names}`),
      ),
    open: (key, context, enc, deadline) =>
      call(
        key,
        deadline,
        async (options) => {
          const input = { KeyId: key.arn, EncryptionContext: context, CiphertextBlob: enc, ...grants }
          const answer: KmsAnswer = await operations.decrypt(input, options)
          return checkedAnswer(answer, () => {
            answeredKey(answer, key)
            return takePlaintext(answer, branchKeyLength)
          })
        },
        (names) => branchKeyRefused(`KMS refused to decrypt the branch key: ${names}`),
      ),
  }
}
