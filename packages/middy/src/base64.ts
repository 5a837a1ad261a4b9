import { isUtf8 } from 'node:buffer'

/**
 * The text that stands in base64; nothing where it is not UTF-8, since Node would put U+FFFD in its place. What is no
 * base64 decodes to something that is no JSON.
 */
export const textOfBase64 = (base64: string): string | undefined => {
  const bytes = Buffer.from(base64, 'base64')
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined
}
