import { gcmOpen, ivBytes, type SecretKey, tagBytes } from '@glassine/keys/internal'
import { decryptFailed } from '../errors.ts'
import type { HeaderLayout } from '../header/scan.ts'
import { bodyAad, finalFrame, regularFrame, singleBlock } from './aad.ts'

/** A body's plaintext, and the offset after the body. */
export interface OpenedBody {
  readonly plaintext: Buffer
  readonly end: number
}

/** Reads and decrypts the body of a message, framed or not; throws whatever when anything is wrong with it. */
export const readBody = (bytes: Buffer, layout: HeaderLayout, cipherKey: SecretKey): OpenedBody =>
  layout.framed ? readFrames(bytes, layout, cipherKey) : readBlock(bytes, layout, cipherKey)

const readFrames = (
  bytes: Buffer,
  { bodyAt, frameLength, messageId }: HeaderLayout,
  key: SecretKey,
): OpenedBody => {
  const regular: Buffer[] = []
  let at = bodyAt
  let sequence = 1
  try {
    // A final frame starts with a number that no frame has.
    while (bytes.readUInt32BE(at) !== 0xffffffff) {
      // Frames out of order would be authentic one by one only if the number were taken from the frame.
      if (bytes.readUInt32BE(at) !== sequence) throw decryptFailed()
      const aad = bodyAad(messageId, regularFrame, sequence, frameLength)
      regular.push(openAt(bytes, at + 4, at + 4 + ivBytes, frameLength, key, aad))
      at += 4 + ivBytes + frameLength + tagBytes
      sequence++
    }
    if (bytes.readUInt32BE(at + 4) !== sequence) throw decryptFailed()
    const length = bytes.readUInt32BE(at + 8 + ivBytes)
    if (length > frameLength) throw decryptFailed()
    const contentAt = at + 8 + ivBytes + 4
    const aad = bodyAad(messageId, finalFrame, sequence, length)
    const last = openAt(bytes, at + 8, contentAt, length, key, aad)
    const end = contentAt + length + tagBytes
    if (regular.length === 0) return { plaintext: last, end }
    regular.push(last)
    return { plaintext: Buffer.concat(regular), end }
  } finally {
    // The parts of a longer plaintext, of which the caller gets a copy, or nothing.
    for (const part of regular) part.fill(0)
  }
}

/** Non-framed bodies are never written any more; reading them is required. */
const readBlock = (bytes: Buffer, { bodyAt, messageId }: HeaderLayout, key: SecretKey): OpenedBody => {
  // A u64, of which Node reads 6 bytes at once: more than that is longer than any message here.
  const length =
    bytes.readUIntBE(bodyAt + ivBytes, 2) === 0 ? bytes.readUIntBE(bodyAt + ivBytes + 2, 6) : Infinity
  const contentAt = bodyAt + ivBytes + 8
  if (length > bytes.length) throw decryptFailed()
  const aad = bodyAad(messageId, singleBlock, 1, length)
  return {
    plaintext: openAt(bytes, bodyAt, contentAt, length, key, aad),
    end: contentAt + length + tagBytes,
  }
}

const openAt = (
  bytes: Buffer,
  ivAt: number,
  contentAt: number,
  length: number,
  key: SecretKey,
  aad: Buffer,
): Buffer => {
  const tagAt = contentAt + length
  // `subarray` does not mind an end that is not there.
  if (tagAt + tagBytes > bytes.length) throw decryptFailed()
  const iv = bytes.subarray(ivAt, ivAt + ivBytes)
  const tag = bytes.subarray(tagAt, tagAt + tagBytes)
  const plaintext = gcmOpen(key, iv, aad, bytes.subarray(contentAt, tagAt), tag)
  if (plaintext === undefined) throw decryptFailed()
  return plaintext
}
