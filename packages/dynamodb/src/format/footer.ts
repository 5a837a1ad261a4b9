// The message is the footer's hash, 48 bytes, and is hashed once more.
import { createHash, type KeyObject, timingSafeEqual } from 'node:crypto'
import {
  hmac,
  newSigningKey,
  secretKey,
  signP384,
  verificationKey,
  verifyP384,
} from '@glassine/keys/internal'
import { decryptFailed } from '../errors.ts'
import type { ItemContext } from './encryption-context.ts'
import type { ReadHeader } from './header.ts'
import type { ItemRecipient } from './recipients.ts'

const coordinateBytes = 48

/** Bytes of a signature in a footer: DER, and by the implementations always this long. */
const signatureBytes = 103

/** The order of P-384's base point (SEC 2, 2.5.1). */
const order = BigInt(
  '0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
)

/** Signs the footer of one item. */
export interface ItemSigner {
  /** The compressed point (SEC 1, 2.3.3) in base64, as in the encryption context. */
  readonly publicKey: string
  /** A signature of exactly 103 bytes. */
  sign(footerHash: Buffer): Buffer
}

/** Makes a signer with a new key. */
export const newSigner = (): ItemSigner => {
  const { privateKey, publicKey } = newSigningKey()
  return { publicKey, sign: (message) => signedTo103(message, privateKey) }
}

/**
 * DER integers drop leading zeros and gain one before a set top bit, so signatures have 104 bytes at most, 103 in
 * half of all cases. `(r, order - s)` is a signature as good as `(r, s)`, with the other top bit in `s`: negating
 * `s` where `r` asks for it makes 103 bytes of all but one in a hundred, which are signed again.
 */
const signedTo103 = (message: Buffer, key: KeyObject): Buffer => {
  for (;;) {
    const raw = signP384(message, key, 'ieee-p1363')
    const r = derInteger(raw.subarray(0, coordinateBytes))
    const s = raw.subarray(coordinateBytes)
    for (const either of [s, negated(s)]) {
      const signature = sequence(r, derInteger(either))
      if (signature.length === signatureBytes) return signature
    }
  }
}

const negated = (s: Buffer): Buffer => {
  const digits = (order - BigInt(`0x${s.toString('hex')}`)).toString(16)
  return Buffer.from(digits.padStart(2 * coordinateBytes, '0'), 'hex')
}

const derInteger = (bytes: Buffer): Buffer => {
  let first = 0
  while (bytes[first] === 0) first++
  const digits = bytes.subarray(first)
  // A set top bit would read as a negative number.
  const zeros = digits[0]! >= 0x80 ? [0] : []
  return Buffer.concat([Buffer.from([0x02, zeros.length + digits.length, ...zeros]), digits])
}

const sequence = (r: Buffer, s: Buffer): Buffer =>
  Buffer.concat([Buffer.from([0x30, r.length + s.length]), r, s])

/**
 * Checks a footer's signature by the public key from the encryption context.
 *
 * @throws GlassineError `ERR_DECRYPT_FAILED`
 */
export const verifySignature = (publicKey: string, footerHash: Buffer, signature: Buffer): void => {
  const key = verificationKey(publicKey)
  if (key === undefined || !verifyP384(footerHash, key, signature))
    throw decryptFailed('the signature in the footer was changed, or is by another key')
}

const hash = 'sha384'
const tagBytes = 48

/** Bytes of a footer. */
export const footerBytes = (recipients: number, signed: boolean): number =>
  recipients * tagBytes + (signed ? signatureBytes : 0)

/**
 * The hash that a footer authenticates (footer, "Canonical Hash"): header, encryption context, and every attribute
 * in scope with its path, type, length and whether it is encrypted.
 */
export const footerHash = (head: Buffer, context: ItemContext, fields: Buffer): Buffer =>
  createHash(hash).update(head).update(context.withLength).update(fields).digest()

const tagOf = (macKey: Buffer, footer: Buffer): Buffer => hmac(hash, secretKey(macKey), footer)

/** Writes a footer: a tag for each recipient, then the signature if there is one. */
export const writeFooter = (
  footer: Buffer,
  recipients: readonly ItemRecipient[],
  signer: ItemSigner | undefined,
): Uint8Array => {
  const bytes = new Uint8Array(footerBytes(recipients.length, signer !== undefined))
  recipients.forEach(({ macKey }, at) => {
    bytes.set(tagOf(macKey, footer), at * tagBytes)
  })
  if (signer) bytes.set(signer.sign(footer), recipients.length * tagBytes)
  return bytes
}

/**
 * Checks a footer: as many tags as encrypted data keys, one of them ours, and the signature that the suite asks
 * for. May throw any error; callers replace it.
 */
export const verifyFooter = (
  bytes: Uint8Array,
  { suite, publicKey, encryptedDataKeys }: ReadHeader,
  footer: Buffer,
  macKey: Buffer,
): void => {
  const recipients = encryptedDataKeys.length
  if (bytes.length !== footerBytes(recipients, suite.signed))
    throw decryptFailed('the footer does not fit the header: it was cut off, or is of another item')
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const own = tagOf(macKey, footer)
  let found = false
  for (let at = 0; at < recipients; at++)
    if (timingSafeEqual(view.subarray(at * tagBytes, (at + 1) * tagBytes), own)) found = true
  if (!found) throw decryptFailed('a signed or encrypted attribute or the footer was changed')
  if (publicKey !== undefined) verifySignature(publicKey, footer, view.subarray(recipients * tagBytes))
}
