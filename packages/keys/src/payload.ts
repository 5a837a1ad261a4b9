import { isUtf8 } from 'node:buffer'
import { decodeValue, GlassineError, type Json } from '@glassine/core'

/**
 * Makes text of a plaintext and zeroes its bytes; a string cannot be zeroed.
 *
 * @param packageName - the package that the error names
 * @throws GlassineError `ERR_DECRYPT_FAILED` if it is not UTF-8
 */
export const plaintextText = (plaintext: Buffer, packageName: string): string => {
  try {
    if (isUtf8(plaintext)) return plaintext.toString('utf8')
  } finally {
    plaintext.fill(0)
  }
  throw new GlassineError('ERR_DECRYPT_FAILED', {
    package: packageName,
    reason: 'the plaintext is not UTF-8',
  })
}

/**
 * Parses a plaintext that is JSON, and zeroes it. Trailing spaces are allowed as padding.
 *
 * @param levels - as in `decodeValue`
 * @throws GlassineError `ERR_DECRYPT_FAILED`
 */
export const decodePlaintext = (plaintext: Buffer, packageName: string, levels?: number): Json => {
  const text = plaintextText(plaintext, packageName)
  try {
    return decodeValue(text, levels)
  } catch {
    // V8 quotes the text in its SyntaxError.
    throw new GlassineError('ERR_DECRYPT_FAILED', {
      package: packageName,
      reason: 'the plaintext is not JSON',
    })
  }
}

/**
 * The size of a payload as JSON, in bytes.
 *
 * @throws GlassineError `ERR_VALUE_INVALID`
 */
export const jsonBytes = (payload: unknown, packageName: string): number => {
  try {
    return Buffer.byteLength(JSON.stringify(payload), 'utf8')
  } catch {
    // Node's error for a cycle names the members on the way.
    throw new GlassineError('ERR_VALUE_INVALID', {
      message: 'A payload that JSON cannot carry cannot be measured against `maxBytes`',
      package: packageName,
    })
  }
}
