import { isUtf8 } from 'node:buffer'
import { decodeValue, GlassineError, type Json } from '@glassine/core'

/**
 * Reads a plaintext that is JSON, and zeroes it: of the texts that it becomes, nobody can do so. Spaces behind it may
 * be padding.
 *
 * @param packageName - the package that the error names
 * @throws GlassineError `ERR_DECRYPT_FAILED`
 */
export const decodePlaintext = (plaintext: Buffer, packageName: string): Json => {
  try {
    if (isUtf8(plaintext)) return decodeValue(plaintext.toString('utf8'))
  } catch {
    // V8 quotes the text in its SyntaxError.
  } finally {
    plaintext.fill(0)
  }
  throw new GlassineError('ERR_DECRYPT_FAILED', { package: packageName })
}

/**
 * Bytes of a payload as JSON text; what JSON cannot carry cannot be measured.
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

/**
 * Refuses a sealed payload that would be too long, and says by how much.
 *
 * @throws GlassineError `ERR_TOO_LARGE`
 */
export const refuseOversize = (bytes: number, maxBytes: number, packageName: string): void => {
  if (bytes > maxBytes)
    throw new GlassineError('ERR_TOO_LARGE', {
      message: `The encrypted payload would be ${bytes - maxBytes} bytes over the limit of ${maxBytes}`,
      package: packageName,
    })
}
