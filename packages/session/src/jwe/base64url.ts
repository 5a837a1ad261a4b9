import { decryptFailed } from '../errors.ts'

const alphabet = /^[A-Za-z0-9_-]*$/
// What the last character may be when it carries 2 or 4 bits only: the rest of them zero (RFC 4648, section 3.5).
const lastOfTwo = /[AQgw]$/
const lastOfThree = /[AEIMQUYcgkosw048]$/

/** Whether a text is the one base64url form of some bytes, without padding (RFC 7515, section 2). */
export const isBase64url = (text: string): boolean => alphabet.test(text) && endsWell(text)

/** The second half of {@link isBase64url}, for a text whose characters are known to be of the alphabet. */
export const endsWell = (text: string): boolean => {
  switch (text.length & 3) {
    case 0:
      return true
    case 1:
      return false
    case 2:
      return lastOfTwo.test(text)
    default:
      return lastOfThree.test(text)
  }
}

/**
 * Decodes base64url, strictly: Node itself skips what it does not know, and takes the other alphabet too.
 *
 * @param length - how many bytes it must be; default: any number
 * @throws GlassineError `ERR_DECRYPT_FAILED`
 */
export const decode = (text: unknown, length?: number): Buffer => {
  if (typeof text !== 'string' || !isBase64url(text)) throw decryptFailed()
  const bytes = Buffer.from(text, 'base64url')
  if (length !== undefined && bytes.length !== length) throw decryptFailed()
  return bytes
}
