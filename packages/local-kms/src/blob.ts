/**
 * Ciphertext blobs of symmetric keys, in the shape of the real ones:
 *
 * ```
 * 01 02 03 00 78 | key hash, 32 bytes | 01 | nonce, 16 bytes | length, u32 | DER
 * ```
 * The DER is a PKCS #7 EncryptedData with AES-256-GCM; for a 32-byte data key it takes 126 (0x7e) bytes, and
 * the blob 184. As in KMS, each blob has its own key, derived from the key material and the nonce, so that
 * the number of blobs per key is not limited, and eleven bytes precede the plaintext inside.
 */
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import { type Element, octetString, oid, readElement, readElements, sequence, tags, tlv } from './der.ts'
import { invalidCiphertext } from './errors.ts'
import { keyHash, type Material } from './state.ts'

const magic = Buffer.from('0102030078', 'hex')
const hashLength = 32
const nonceLength = 16
const headerLength = magic.length + hashLength + 1 + nonceLength
const ivLength = 12
const tagLength = 16
/** A version and the first ten bytes of the material's id. */
const innerLength = 11

const encryptedData = oid('1.2.840.113549.1.7.6')
const data = oid('1.2.840.113549.1.7.1')
const aes256Gcm = oid('2.16.840.1.101.3.4.1.46')
/** [0] constructed and [0] primitive. */
const explicit0 = 0xa0
const implicit0 = 0x80

const integer = (value: number): Buffer => tlv(tags.integer, Buffer.of(value))

/** The lengths follow from the contents: a plaintext of another size gives another DER, as in AWS. */
const encodeBody = (iv: Buffer, sealed: Buffer): Buffer =>
  sequence(
    encryptedData,
    tlv(
      explicit0,
      sequence(
        integer(0),
        sequence(
          data,
          sequence(aes256Gcm, sequence(octetString(iv), integer(tagLength))),
          tlv(implicit0, sealed),
        ),
      ),
    ),
  )

const nested = (element: Element | undefined, index: number): Element | undefined =>
  element && readElements(element.content)?.[index]

/** Finds IV and ciphertext by position. */
const decodeBody = (body: Buffer): { iv: Buffer; sealed: Buffer } | undefined => {
  const content = nested(nested(nested(readElement(body), 1), 0), 1)
  const iv = nested(nested(nested(content, 1), 1), 0)?.content
  const sealed = nested(content, 2)?.content
  if (iv?.length !== ivLength || sealed === undefined || sealed.length < tagLength + innerLength) {
    return undefined
  }
  // One encoding only: other encodings that a lenient parser accepts are refused.
  return encodeBody(iv, sealed).equals(body) ? { iv, sealed } : undefined
}

/** Names and values that are authenticated with a blob, and not secret. */
export type EncryptionContext = Readonly<Record<string, string>>

const prefixed = (bytes: Buffer): Buffer => {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

/**
 * Names and values, each with its length in front and sorted by name: two contexts give the same bytes only
 * when they are equal; the order of the pairs does not matter.
 */
export const contextBytes = (context: EncryptionContext): Buffer =>
  Buffer.concat(
    Object.entries(context)
      .map(([name, value]) => [Buffer.from(name), Buffer.from(value)] as const)
      .sort(([a], [b]) => Buffer.compare(a, b))
      .flatMap(([name, value]) => [prefixed(name), prefixed(value)]),
  )

/** NIST SP 800-108 in counter mode with HMAC-SHA256, one block: the key of one blob. */
const blobKey = (material: Material, nonce: Buffer): Buffer =>
  createHmac('sha256', material.secret)
    .update(Buffer.from('00000001', 'hex'))
    .update('glassine local KMS ciphertext blob\0')
    .update(nonce)
    .update(Buffer.from('00000100', 'hex'))
    .digest()

/** AWS does not document its eleven bytes. These help to read a blob in a debugger. */
const innerHeader = (material: Material): Buffer =>
  Buffer.concat([Buffer.of(1), Buffer.from(material.id, 'hex').subarray(0, innerLength - 1)])

/** Seals a plaintext under a key's current material. */
export const sealBlob = (
  keyId: string,
  material: Material,
  plaintext: Uint8Array,
  context: EncryptionContext,
): Buffer => {
  const nonce = randomBytes(nonceLength)
  const header = Buffer.concat([magic, keyHash(keyId), Buffer.of(1), nonce])
  const iv = randomBytes(ivLength)
  const cipher = createCipheriv('aes-256-gcm', blobKey(material, nonce), iv, { authTagLength: tagLength })
  // The header is authenticated with the context, so a blob cannot be presented as another key's.
  cipher.setAAD(Buffer.concat([header, contextBytes(context)]))
  const sealed = Buffer.concat([
    cipher.update(innerHeader(material)),
    cipher.update(plaintext),
    cipher.final(),
    cipher.getAuthTag(),
  ])
  const body = encodeBody(iv, sealed)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(body.length)
  return Buffer.concat([header, length, body])
}

/** A parsed blob; nothing in it is authenticated yet. */
export interface ParsedBlob {
  readonly keyHash: Buffer
  /** Tries one generation of the key; `undefined` for the wrong generation or another context. */
  open(material: Material, context: EncryptionContext): Buffer | undefined
}

/** @throws `InvalidCiphertextException` when the bytes are not a blob of this service. */
export const parseBlob = (blob: Buffer): ParsedBlob => {
  const length = blob.length >= headerLength + 4 ? blob.readUInt32BE(headerLength) : -1
  const wellFormed =
    blob.subarray(0, magic.length).equals(magic) &&
    blob[magic.length + hashLength] === 1 &&
    blob.length === headerLength + 4 + length
  const body = wellFormed ? decodeBody(blob.subarray(headerLength + 4)) : undefined
  if (body === undefined) throw invalidCiphertext()
  const { iv, sealed } = body
  const header = blob.subarray(0, headerLength)
  return {
    keyHash: blob.subarray(magic.length, magic.length + hashLength),
    open(material, context) {
      const key = blobKey(material, header.subarray(headerLength - nonceLength))
      const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: tagLength })
      decipher.setAAD(Buffer.concat([header, contextBytes(context)]))
      decipher.setAuthTag(sealed.subarray(-tagLength))
      try {
        const inner = Buffer.concat([decipher.update(sealed.subarray(0, -tagLength)), decipher.final()])
        return inner.subarray(innerLength)
      } catch {
        return undefined
      }
    },
  }
}
