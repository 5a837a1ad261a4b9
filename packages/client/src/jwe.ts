/* Compact JWE (RFC 7516, section 3.1) with A256GCM, under keys of Web Crypto. */
import { isPlainObject } from '@glassine/core/internal'
import { type Bytes, decode, encode, textOf, utf8 } from './bytes.ts'
import { type Key, randomBytes, type WebCrypto } from './web-crypto.ts'

/** A protected header as it was read: nothing is known of it. */
export type Header = Readonly<Record<string, unknown>>

/** A compact JWE, taken apart: the protected header as text and read, IV, and ciphertext with the tag. */
export type Jwe = readonly [head: string, header: Header, iv: string, ciphertext: string, tag: string]

// The IV has 12 bytes and the tag 16, and neither can be cut; no encrypted key, as for `dir` and `ECDH-ES`.
const compact = /^([\w-]+)\.\.([\w-]{16})\.([\w-]*)\.([\w-]{22})$/

/** The header of a JWE or JWS; nothing for what has none. */
export const headerOf = (text: string): Header | undefined => {
  try {
    const header: unknown = JSON.parse(textOf(decode(text.split('.')[0]!)))
    if (isPlainObject(header)) return header
  } catch {}
  return undefined
}

/** Takes a JWE apart; nothing for what is none, has an encrypted key, or another IV or tag than A256GCM's. */
export const parseJwe = (value: unknown): Jwe | undefined => {
  const match = typeof value === 'string' && compact.exec(value)
  const header = match && headerOf(match[1]!)
  return header ? [match[1]!, header, match[2]!, match[3]!, match[4]!] : undefined
}

export const encryptJwe = async (
  crypto: WebCrypto,
  key: Key,
  header: object,
  plaintext: string,
  encryptedKey = '',
): Promise<string> => {
  const head = encode(utf8(JSON.stringify(header)))
  const iv = randomBytes(crypto, 12)
  const sealed = new Uint8Array(await crypto.subtle.encrypt(gcm(iv, head), key, utf8(plaintext)))
  return [head, encryptedKey, encode(iv), encode(sealed.slice(0, -16)), encode(sealed.slice(-16))].join('.')
}

/** @throws DOMException, TypeError: callers make their own error of whatever comes */
export const decryptJwe = async (
  { subtle }: WebCrypto,
  key: Key,
  [head, , iv, ciphertext, tag]: Jwe,
): Promise<string> => textOf(await subtle.decrypt(gcm(decode(iv), head), key, decode(ciphertext, tag)))

const gcm = (iv: Bytes, head: string) => ({ name: 'AES-GCM', iv, additionalData: utf8(head) })
