export type Bytes = Uint8Array<ArrayBuffer>

const encoder = new TextEncoder()
// Strict both ways: bytes that are no UTF-8 are an error, and a leading U+FEFF is part of the text.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export const utf8 = (text: string): Bytes => encoder.encode(text)

/** @throws TypeError for what is no UTF-8 */
export const textOf = (bytes: Bytes | ArrayBuffer): string => decoder.decode(bytes)

/** base64url without padding (RFC 7515, section 2). */
export const encode = (bytes: Uint8Array): string => {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '')
}

/**
 * The bytes of one or several base64url texts, joined.
 *
 * @throws DOMException for what is no base64url
 */
export const decode = (...texts: readonly string[]): Bytes => {
  const binary = texts.map((text) => atob(text.replace(/-/g, '+').replace(/_/g, '/'))).join('')
  const bytes = new Uint8Array(binary.length)
  for (let at = 0; at < bytes.length; at++) bytes[at] = binary.charCodeAt(at)
  return bytes
}
