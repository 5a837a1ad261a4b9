import { isUtf8 } from 'node:buffer'

/**
 * Decodes base64 to text; `undefined` if the bytes are not UTF-8, which Node would replace by U+FFFD. Input that is not
 * base64 decodes to text that is not JSON.
 */
export const textOfBase64 = (base64: string): string | undefined => {
  const bytes = Buffer.from(base64, 'base64')
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined
}
