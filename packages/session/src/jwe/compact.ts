import { randomFillSync } from 'node:crypto'
import { gcmOpen, gcmSeal, ivBytes, type SecretKey, tagBytes } from '@glassine/keys/internal'
import { decryptFailed } from '../errors.ts'
import { decode, endsWell, type JsonObject, strictJson } from './encoding.ts'

/** Bytes of a content key of A256GCM (RFC 7518, section 5.3). */
export const keyBytes = 32

/** A JWE in compact serialisation (RFC 7516, section 3.1), parsed and not yet decrypted. */
export interface CompactJwe {
  /** The encoded protected header, as received: the additional authenticated data. */
  readonly protectedHeader: string
  readonly header: JsonObject
  readonly encryptedKey: Buffer
  readonly iv: Buffer
  readonly ciphertext: Buffer
  readonly tag: Buffer
}

const malformed = 'a JWE is malformed'

// With A256GCM the IV has 12 bytes and the tag 16, so 16 and 22 characters.
const behindHeader = /^\.([\w-]*)\.([\w-]{16})\.([\w-]*)\.([\w-]{21}[AQgw])$/

/**
 * Whether a value has the shape of a compact JWE with A256GCM: it begins like a JSON header, and IV and tag have the
 * right length. What the header contains is not checked.
 */
export const looksLikeJwe = (value: unknown): value is string =>
  typeof value === 'string' && value.startsWith('eyJ') && behindHeader.test(value.slice(value.indexOf('.')))

/**
 * Parses a compact JWE strictly. Refuses `crit`, `zip` and every content encryption but A256GCM; the caller checks the
 * key management algorithm.
 *
 * @throws GlassineError `ERR_DECRYPT_FAILED`
 */
export const parseCompact = (text: string): CompactJwe => {
  const protectedHeader = text.slice(0, Math.max(0, text.indexOf('.')))
  const parts = behindHeader.exec(text.slice(protectedHeader.length))
  if (parts === null) throw decryptFailed(malformed)
  const [, encryptedKey, iv, ciphertext, tag] = parts as unknown as readonly string[]
  if (!endsWell(ciphertext!)) throw decryptFailed(malformed)
  const header = readHeader(protectedHeader)
  return {
    protectedHeader,
    header,
    encryptedKey: decode(encryptedKey),
    iv: Buffer.from(iv!, 'base64url'),
    ciphertext: Buffer.from(ciphertext!, 'base64url'),
    tag: Buffer.from(tag!, 'base64url'),
  }
}

/** Reads a protected header. Refuses `crit`, `zip` and every content encryption but A256GCM. */
export const readHeader = (protectedHeader: string): JsonObject => {
  const header = strictJson(decode(protectedHeader))
  if (header.enc !== 'A256GCM' || 'crit' in header || 'zip' in header)
    throw decryptFailed('a JWE is not of A256GCM, or has `crit` or `zip`')
  return header
}

/** Characters of a token after its header, `..iv.ciphertext.tag`, for a plaintext of this many bytes. */
export const bodyLength = (plaintextBytes: number): number =>
  2 + base64urlLength(ivBytes) + 1 + base64urlLength(plaintextBytes) + 1 + base64urlLength(tagBytes)

/** Characters of base64url without padding. */
const base64urlLength = (bytes: number): number => Math.ceil((bytes * 4) / 3)

/** Encodes a header for a token. */
export const encodeHeader = (header: object): string =>
  Buffer.from(JSON.stringify(header), 'utf8').toString('base64url')

/** Random bytes for IVs and ids, by one call of the generator. */
export const freshBytes = (count: number): Buffer => randomFillSync(Buffer.allocUnsafe(count))

/**
 * Encrypts one plaintext: `head.encryptedKey.iv.ciphertext.tag` (RFC 7516, section 5.1).
 *
 * @param key - never used twice with the same IV
 * @param encryptedKey - base64url; empty for `dir` and `ECDH-ES`
 */
export const sealCompact = (
  key: SecretKey,
  protectedHeader: string,
  iv: Buffer,
  plaintext: Buffer,
  encryptedKey = '',
): string => {
  const [ciphertext, tag] = gcmSeal(key, iv, Buffer.from(protectedHeader, 'latin1'), plaintext)
  return `${protectedHeader}.${encryptedKey}.${iv.toString('base64url')}.${ciphertext.toString('base64url')}.${tag.toString('base64url')}`
}

/**
 * Decrypts the parts of a compact JWE (RFC 7516, section 5.2). The caller zeroes the plaintext.
 *
 * @throws GlassineError `ERR_DECRYPT_FAILED`
 */
export const openCompact = (
  key: SecretKey,
  { protectedHeader, iv, ciphertext, tag }: Pick<CompactJwe, 'protectedHeader' | 'iv' | 'ciphertext' | 'tag'>,
): Buffer => {
  const plaintext = gcmOpen(key, iv, Buffer.from(protectedHeader, 'latin1'), ciphertext, tag)
  if (plaintext === undefined) throw decryptFailed('the ciphertext was changed, or is under another key')
  return plaintext
}
