/* Compact JWE (RFC 7516, section 3.1) with A256GCM, under keys of Web Crypto. */
import { isPlainObject } from '@glassine/core'
import { type Bytes, decode, encode, textOf, utf8 } from './bytes.ts'
import { type Key, randomBytes, type WebCrypto } from './web-crypto.ts'

/** A compact JWE, taken apart. Nothing in it is authenticated before it is decrypted. */
export interface Jwe {
  /** The protected header as it stood, which is what is authenticated. */
  readonly head: string
  readonly header: Readonly<Record<string, unknown>>
  /** IV, ciphertext and tag, in base64url still. */
  readonly parts: readonly [iv: string, ciphertext: string, tag: string]
}

// The IV has 12 bytes and the tag 16, so neither can be cut; no encrypted key, as in `dir` and `ECDH-ES`.
const compact = /^([\w-]+)\.\.([\w-]{16})\.([\w-]*)\.([\w-]{22})$/

/** The protected header of something compact, JWE or JWS, when it is JSON. */
export const headerOf = (text: string): Jwe['header'] | undefined => {
  try {
    const header: unknown = JSON.parse(textOf(decode(text.split('.', 1)[0]!)))
    return isPlainObject(header) ? header : undefined
  } catch {
    return undefined
  }
}

/** Takes a JWE apart; nothing for what is none, has an encrypted key, or another IV or tag than A256GCM's. */
export const parseJwe = (value: unknown): Jwe | undefined => {
  const [, head, iv, ciphertext, tag] = (typeof value === 'string' && compact.exec(value)) || []
  const header = head && headerOf(head)
  return header ? { head, header, parts: [iv!, ciphertext!, tag!] } : undefined
}

export const encryptJwe = async (
  crypto: WebCrypto,
  key: Key,
  header: object,
  plaintext: Bytes,
  encryptedKey = '',
): Promise<string> => {
  const head = encode(utf8(JSON.stringify(header)))
  const iv = randomBytes(crypto, 12)
  const sealed = new Uint8Array(
    await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData: utf8(head) }, key, plaintext),
  )
  return [head, encryptedKey, encode(iv), encode(sealed.subarray(0, -16)), encode(sealed.subarray(-16))].join(
    '.',
  )
}

/** @throws DOMException, TypeError: callers make their own error of whatever comes */
export const decryptJwe = async ({ subtle }: WebCrypto, key: Key, { head, parts }: Jwe): Promise<string> => {
  const [iv, ...sealed] = parts
  const algorithm = { name: 'AES-GCM', iv: decode(iv), additionalData: utf8(head) }
  // Web Crypto takes the tag behind the ciphertext.
  return textOf(await subtle.decrypt(algorithm, key, decode(...sealed)))
}
