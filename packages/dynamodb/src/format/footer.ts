import { createHash, timingSafeEqual } from 'node:crypto'
import { hmac, secretKey } from '@glassine/keys/internal'
import { decryptFailed } from '../errors.ts'
import type { ItemContext } from './encryption-context.ts'
import type { ItemRecipient } from './intermediate.ts'
import type { ReadHeader } from './read-header.ts'
import { type ItemSigner, signatureBytes, verifySignature } from './signature.ts'

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
 * for. Throws whatever if it is not right.
 */
export const verifyFooter = (
  bytes: Uint8Array,
  { suite, publicKey, encryptedDataKeys }: ReadHeader,
  footer: Buffer,
  macKey: Buffer,
): void => {
  const recipients = encryptedDataKeys.length
  if (bytes.length !== footerBytes(recipients, suite.signed)) throw decryptFailed()
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const own = tagOf(macKey, footer)
  let found = false
  for (let at = 0; at < recipients; at++)
    if (timingSafeEqual(view.subarray(at * tagBytes, (at + 1) * tagBytes), own)) found = true
  if (!found) throw decryptFailed()
  if (publicKey !== undefined) verifySignature(publicKey, footer, view.subarray(recipients * tagBytes))
}
