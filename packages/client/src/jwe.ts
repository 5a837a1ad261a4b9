/* Compact JWE (RFC 7516, section 3.1) with A256GCM, under keys of Web Crypto. */
import { isPlainObject } from '@glassine/core/internal'
import { type Bytes, decode, encode, textOf, utf8 } from './bytes.ts'
import { type Key, randomBytes, type WebCrypto } from './web-crypto.ts'

/** A protected header as parsed, not yet checked. */
export type Header = Readonly<Record<string, unknown>>

/** A compact JWE, split: the protected header as text and parsed, IV, and ciphertext with the tag. */
export type Jwe = readonly [head: string, header: Header, iv: string, ciphertext: string, tag: string]

// The IV has 12 bytes and the tag 16; neither can be shorter. No encrypted key, as for `dir` and `ECDH-ES`.
const compact = /^([\w-]+)\.\.([\w-]{16})\.([\w-]*)\.([\w-]{22})$/

/** The header of a JWE or JWS; nothing if there is none. */
export const headerOf = (text: string): Header | undefined => {
  try {
    const header: unknown = JSON.parse(textOf(decode(text.split('.')[0]!)))
    if (isPlainObject(header)) return header
  } catch {}
  return undefined
}

/** Splits a JWE; returns nothing if it is not one, has an encrypted key, or an IV or tag that is not A256GCM's. */
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

/** @throws DOMException, TypeError: callers replace them all */
export const decryptJwe = async (
  { subtle }: WebCrypto,
  key: Key,
  [head, , iv, ciphertext, tag]: Jwe,
): Promise<string> => textOf(await subtle.decrypt(gcm(decode(iv), head), key, decode(ciphertext, tag)))

const gcm = (iv: Bytes, head: string) => ({ name: 'AES-GCM', iv, additionalData: utf8(head) })
