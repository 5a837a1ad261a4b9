import { createDecipheriv } from 'node:crypto'
import { secretKey } from '@glassine/keys/internal'
import { decryptFailed } from '../errors.ts'
import { keyBytes } from './compact.ts'

/** RFC 3394, section 2.2.3.1. */
const defaultIv = Buffer.alloc(8, 0xa6)

/** Bytes of a wrapped content key: the key and one block of 8 more. */
export const wrappedBytes = keyBytes + 8

/**
 * Unwraps a content key of A256KW (RFC 3394; RFC 7518, section 4.4).
 *
 * @throws GlassineError `ERR_DECRYPT_FAILED`
 */
export const unwrapKey = (wrappingKey: Buffer, wrapped: Buffer): Buffer => {
  try {
    const decipher = createDecipheriv('id-aes256-wrap', secretKey(wrappingKey), defaultIv)
    // OpenSSL unwraps and checks in this one step. `final` adds nothing; joined with it, a copy of the key would be left.
    return decipher.update(wrapped)
  } catch {
    throw decryptFailed()
  }
}
