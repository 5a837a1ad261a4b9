import { copyAndZero, copyOf } from '../material.ts'
import { isKeyOf, isMultiRegion, type KeyArn, keyArnOf } from './arn.ts'
import type { KmsResponse } from './operations.ts'
import { incompleteResponse, otherResponse, wrongResponse } from './retry.ts'
import type { Target } from './targets.ts'

/*
 * A response is untrusted input: a proxy, a fault or a replacement for KMS may have written it. KMS is asked again
 * after an incomplete one; a complete but wrong one is never used. A plaintext that is not used is zeroed.
 */

/** KMS's limit for a ciphertext blob, in bytes. */
const maxBlob = 6_144

/** Returns the key that answered, after a check that it has the parts which are known of the requested key. */
export const answeredKey = (
  { KeyId }: KmsResponse,
  facts: Partial<KeyArn>,
  wrong = wrongResponse,
): KeyArn => {
  if (typeof KeyId !== 'string') throw incompleteResponse()
  const key = keyArnOf(KeyId)
  if (!key || !isKeyOf(key, facts)) throw wrong()
  return key
}

/**
 * Returns the key that answered a Decrypt call, after a check that the message's ARN and our options name it.
 *
 * @param isOurs - whether our options, or an earlier response, name the key by its ARN. Otherwise only the message
 * does, whose sender can have forged it.
 */
export const checkDecrypter = (response: KmsResponse, { expected }: Target, isOurs: boolean): KeyArn => {
  const wrong = isOurs ? wrongResponse : () => otherResponse('Key')
  const key = answeredKey(response, expected, wrong)
  // The Region is open only for a multi-Region key, named by id or alias, with a client of unknown Region.
  if (expected.region === undefined && !isMultiRegion(key)) throw wrong()
  return key
}

/**
 * Checks the plaintext and moves it into memory of our own; the SDK's copy is zeroed.
 *
 * @param wrong - the error for another length. Default: that of a response that only KMS can have caused
 */
export const plaintextOf = (response: KmsResponse, length: number, wrong = wrongResponse): Buffer => {
  const { Plaintext } = response
  if (Plaintext === undefined || Plaintext.length === 0) throw incompleteResponse()
  const copy = copyAndZero(Plaintext)
  if (copy.length === length) return copy
  copy.fill(0)
  throw wrong()
}

/** Checks the blob and copies it. */
export const blobOf = ({ CiphertextBlob }: KmsResponse): Buffer => {
  if (CiphertextBlob === undefined || CiphertextBlob.length === 0) throw incompleteResponse()
  if (CiphertextBlob.length > maxBlob) throw wrongResponse()
  return copyOf(CiphertextBlob)
}

/** Runs the checks, and zeroes the plaintext if one of them fails. */
export const checkedResponse = <T>(response: KmsResponse, check: () => T): T => {
  try {
    return check()
  } catch (error) {
    response.Plaintext?.fill(0)
    throw error
  }
}
