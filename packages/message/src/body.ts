import { gcmOpen, gcmSealInto, ivBytes, type SecretKey, tagBytes } from '@glassine/keys/internal'
import { decryptFailed } from './errors.ts'
import type { HeaderLayout } from './header.ts'

/** The plaintext of a body, and the offset after the body. */
export interface OpenedBody {
  readonly plaintext: Buffer
  readonly end: number
}

/** Reads and decrypts the body of a message, framed or not. May throw any error: callers replace it. */
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
    // A final frame starts with a number that no regular frame has.
    while (bytes.readUInt32BE(at) !== 0xffffffff) {
      // Each frame is authentic by itself, so the order is checked by counting, never taken from the frame.
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
    // Parts of a longer plaintext: the caller gets a joined copy, or nothing.
    for (const part of regular) part.fill(0)
  }
}

/** Non-framed bodies are no longer written, but readers must support them. */
const readBlock = (bytes: Buffer, { bodyAt, messageId }: HeaderLayout, key: SecretKey): OpenedBody => {
  // A u64, of which Node reads 6 bytes at once: anything longer exceeds every message here.
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
  // `subarray` clamps, so check the bounds first.
  if (tagAt + tagBytes > bytes.length) throw decryptFailed()
  const iv = bytes.subarray(ivAt, ivAt + ivBytes)
  const tag = bytes.subarray(tagAt, tagAt + tagBytes)
  const plaintext = gcmOpen(key, iv, aad, bytes.subarray(contentAt, tagAt), tag)
  if (plaintext === undefined) throw decryptFailed()
  return plaintext
}

/** The bytes before a regular frame's content: sequence number and IV. */
const regularHead = 4 + ivBytes
/** The bytes before the final frame's content: end mark, sequence number, IV and length. */
const finalHead = 4 + 4 + ivBytes + 4

/**
 * How many frames a plaintext of this length takes. If it is a multiple of the frame length, the last frame is full.
 */
const framesFor = (length: number, frameLength: number): number =>
  length <= frameLength ? 1 : Math.ceil(length / frameLength)

/** The length of the body that {@link writeBody} writes for a plaintext of this length. */
export const bodyLength = (length: number, frameLength: number): number =>
  length + (framesFor(length, frameLength) - 1) * (regularHead + tagBytes) + finalHead + tagBytes

/** Writes a framed body (specification, "Framed Data") to `out` at `at`; returns the offset after it. */
export const writeBody = (
  out: Buffer,
  at: number,
  plaintext: Buffer,
  frameLength: number,
  cipherKey: SecretKey,
  messageId: Buffer,
): number => {
  let end = at
  let taken = 0
  let sequence = 1
  for (; plaintext.length - taken > frameLength; sequence++) {
    const frame = plaintext.subarray(taken, taken + frameLength)
    end = out.writeUInt32BE(sequence, end)
    const iv = writeIv(out, end, sequence)
    const aad = bodyAad(messageId, regularFrame, sequence, frameLength)
    end = gcmSealInto(out, end + ivBytes, cipherKey, iv, aad, frame)
    taken += frameLength
  }
  const rest = taken === 0 ? plaintext : plaintext.subarray(taken)
  end = out.writeUInt32BE(0xffffffff, end)
  end = out.writeUInt32BE(sequence, end)
  const iv = writeIv(out, end, sequence)
  end = out.writeUInt32BE(rest.length, end + ivBytes)
  return gcmSealInto(out, end, cipherKey, iv, bodyAad(messageId, finalFrame, sequence, rest.length), rest)
}

/** A frame's IV is its sequence number: unique, because each key encrypts only one message. */
const writeIv = (out: Buffer, at: number, sequence: number): Buffer => {
  out.fill(0, at, at + ivBytes - 4)
  out.writeUInt32BE(sequence, at + ivBytes - 4)
  return out.subarray(at, at + ivBytes)
}

const content = (kind: string): Buffer => Buffer.from(`AWSKMSEncryptionClient ${kind}`, 'latin1')

/** The kind of a piece of body. Its tag authenticates this, so a piece cannot pass for another kind. */
const regularFrame = content('Frame')
const finalFrame = content('Final Frame')
const singleBlock = content('Single Block')

/** What a frame's tag authenticates besides its content (specification, "Message Body AAD"). */
const bodyAad = (messageId: Buffer, kind: Buffer, sequence: number, length: number): Buffer => {
  const aad = Buffer.allocUnsafe(messageId.length + kind.length + 12)
  messageId.copy(aad, 0)
  let at = messageId.length
  at += kind.copy(aad, at)
  at = aad.writeUInt32BE(sequence, at)
  // A u64: a non-framed body may be longer than 4 GiB.
  at = aad.writeUInt32BE(Math.floor(length / 2 ** 32), at)
  aad.writeUInt32BE(length >>> 0, at)
  return aad
}
