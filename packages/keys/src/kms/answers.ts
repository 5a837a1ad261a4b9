import { ownCopy } from '../material.ts'
import { isKeyOf, isMultiRegion, type KeyArn, keyArnOf } from './arn.ts'
import { incompleteAnswer, wrongAnswer } from './failures.ts'
import type { KmsAnswer } from './operations.ts'
import type { Target } from './targets.ts'

/*
 * A reply is input like any other: a proxy, a fault or a stand-in may have written it. What is missing something is
 * asked for again; what is whole and wrong is refused. A plaintext that is not used is zeroed.
 */

/** KMS's limit of a ciphertext blob. */
const maxBlob = 6_144

/** The key that answered, if it can be the one that was asked for, by all that is told of that. */
export const answeredKey = ({ KeyId }: KmsAnswer, told: Partial<KeyArn>): KeyArn => {
  if (typeof KeyId !== 'string') throw incompleteAnswer()
  const key = keyArnOf(KeyId)
  if (!key || !isKeyOf(key, told)) throw wrongAnswer()
  return key
}

/** Whether the key that answered a Decrypt call is the one that the message's ARN and our options name. */
export const checkDecrypter = (answer: KmsAnswer, { expected }: Target): KeyArn => {
  const key = answeredKey(answer, expected)
  // Only a multi-Region key asked for by a bare id or alias, of a client whose Region is not known, leaves it open.
  if (expected.region === undefined && !isMultiRegion(key)) throw wrongAnswer()
  return key
}

/** Checks the plaintext and takes it over into memory of our own; the SDK's copy is zeroed. */
export const takePlaintext = (answer: KmsAnswer, length: number): Buffer => {
  const { Plaintext } = answer
  if (Plaintext === undefined || Plaintext.length === 0) throw incompleteAnswer()
  const own = ownCopy(Plaintext)
  Plaintext.fill(0)
  if (own.length === length) return own
  own.fill(0)
  throw wrongAnswer()
}

/** Checks the blob and copies it. */
export const takeBlob = ({ CiphertextBlob }: KmsAnswer): Buffer => {
  if (CiphertextBlob === undefined || CiphertextBlob.length === 0) throw incompleteAnswer()
  if (CiphertextBlob.length > maxBlob) throw wrongAnswer()
  return ownCopy(CiphertextBlob)
}

/** Runs the checks, and zeroes the plaintext when one of them fails. */
export const checkedAnswer = <T>(answer: KmsAnswer, check: () => T): T => {
  try {
    return check()
  } catch (error) {
    answer.Plaintext?.fill(0)
    throw error
  }
}
