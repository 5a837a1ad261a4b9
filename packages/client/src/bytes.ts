export type Bytes = Uint8Array<ArrayBuffer>

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true })

export const utf8 = (text: string): Bytes => encoder.encode(text)

/** @throws TypeError for bytes that are not UTF-8 */
export const textOf = (bytes: Bytes | ArrayBuffer): string => decoder.decode(bytes)

/** base64url without padding (RFC 7515, section 2). */
export const encode = (bytes: Uint8Array): string => {
  // Byte by byte: a value may be longer than the maximum number of arguments.
  const binary = bytes.reduce((text, byte) => text + String.fromCharCode(byte), '')
  return btoa(binary).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '')
}

/**
 * The bytes of one or several base64url texts, joined.
 *
 * @throws DOMException for text that is not base64url
 */
export const decode = (...texts: readonly string[]): Bytes => {
  const binary = texts.map((text) => atob(text.replace(/-/g, '+').replace(/_/g, '/'))).join('')
  return Uint8Array.from(binary, (character) => character.charCodeAt(0))
}
