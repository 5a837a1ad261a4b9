import { randomFillSync } from 'node:crypto'
import { gcmOpen, gcmSeal, ivBytes, type SecretKey, tagBytes } from '@glassine/keys/internal'
import { decryptFailed } from '../errors.ts'
import { decode, endsWell, type JsonObject, strictJson } from './encoding.ts'

/** Bytes of a content key of A256GCM (RFC 7518, section 5.3). */
export const keyBytes = 32

/** A JWE in compact serialization (RFC 7516, section 3.1), taken apart and not yet opened. */
export interface CompactJwe {
  /** The protected header as it stood: what is authenticated. */
  readonly head: string
  readonly header: JsonObject
  readonly encryptedKey: Buffer
  readonly iv: Buffer
  readonly ciphertext: Buffer
  readonly tag: Buffer
}

// With A256GCM the IV has 12 bytes and the tag 16, so 16 and 22 characters.
const behindHeader = /^\.([\w-]*)\.([\w-]{16})\.([\w-]*)\.([\w-]{21}[AQgw])$/

/**
 * Whether a value is a compact JWE with A256GCM by its shape: what begins as a header in JSON, and behind it the parts
 * in their lengths. Whoever reads the header finds out what is in it.
 */
export const looksLikeJwe = (value: unknown): value is string =>
  typeof value === 'string' && value.startsWith('eyJ') && behindHeader.test(value.slice(value.indexOf('.')))

/**
 * Takes a compact JWE apart, strictly. `crit` and `zip` are refused, and every content encryption but A256GCM; the
 * key management algorithm is for the caller to check against what it expects.
 *
 * @throws GlassineError `ERR_DECRYPT_FAILED`
 */
export const parseCompact = (text: string): CompactJwe => {
  const head = text.slice(0, Math.max(0, text.indexOf('.')))
  const parts = behindHeader.exec(text.slice(head.length))
  if (parts === null) throw decryptFailed()
  const [, encryptedKey, iv, ciphertext, tag] = parts as unknown as readonly string[]
  if (!endsWell(ciphertext!)) throw decryptFailed()
  const header = readHeader(head)
  return {
    head,
    header,
    encryptedKey: decode(encryptedKey),
    iv: Buffer.from(iv!, 'base64url'),
    ciphertext: Buffer.from(ciphertext!, 'base64url'),
    tag: Buffer.from(tag!, 'base64url'),
  }
}

/** Reads a protected header; `crit` and `zip` and whatever is not A256GCM is refused. */
export const readHeader = (head: string): JsonObject => {
  const header = strictJson(decode(head))
  if (header.enc !== 'A256GCM' || 'crit' in header || 'zip' in header) throw decryptFailed()
  return header
}

/** Characters of a token behind its header, for so many bytes of plaintext: `..iv.ciphertext.tag`. */
export const bodyLength = (plaintextBytes: number): number =>
  2 + base64urlLength(ivBytes) + 1 + base64urlLength(plaintextBytes) + 1 + base64urlLength(tagBytes)

/** Characters of base64url without padding. */
const base64urlLength = (bytes: number): number => Math.ceil((bytes * 4) / 3)

/** A header as it stands in a token. */
export const encodeHeader = (header: object): string =>
  Buffer.from(JSON.stringify(header), 'utf8').toString('base64url')

/** Random IVs for so many tokens: one call of the generator. */
export const freshIvs = (count: number): Buffer => randomFillSync(Buffer.allocUnsafe(count * ivBytes))

/**
 * Seals one plaintext: `head.encryptedKey.iv.ciphertext.tag` (RFC 7516, section 5.1).
 *
 * @param key - used with no IV twice
 * @param encryptedKey - base64url; empty for `dir` and `ECDH-ES`
 */
export const sealCompact = (
  key: SecretKey,
  head: string,
  iv: Buffer,
  plaintext: Buffer,
  encryptedKey = '',
): string => {
  const sealed = gcmSeal(key, iv, Buffer.from(head, 'latin1'), plaintext)
  const tagAt = plaintext.length
  const ciphertext = sealed.toString('base64url', 0, tagAt)
  return `${head}.${encryptedKey}.${iv.toString('base64url')}.${ciphertext}.${sealed.toString('base64url', tagAt)}`
}

/**
 * Opens the parts of what {@link sealCompact} sealed (RFC 7516, section 5.2). The caller zeroes the plaintext.
 *
 * @throws GlassineError `ERR_DECRYPT_FAILED`
 */
export const openCompact = (
  key: SecretKey,
  { head, iv, ciphertext, tag }: Pick<CompactJwe, 'head' | 'iv' | 'ciphertext' | 'tag'>,
): Buffer => {
  const plaintext = gcmOpen(key, iv, Buffer.from(head, 'latin1'), ciphertext, tag)
  if (plaintext === undefined) throw decryptFailed()
  return plaintext
}
