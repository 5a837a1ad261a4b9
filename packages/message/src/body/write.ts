import { gcmSealInto, ivBytes, type SecretKey, tagBytes } from '@glassine/keys/internal'
import { bodyAad, finalFrame, regularFrame } from './aad.ts'

/** The bytes before a regular frame's content: sequence number and IV. */
const regularHead = 4 + ivBytes
/** The bytes before the final frame's content: end mark, sequence number, IV and length. */
const finalHead = 4 + 4 + ivBytes + 4

/** How many frames hold so much plaintext. The last one is full, not empty, when the length is a multiple. */
const framesFor = (length: number, frameLength: number): number =>
  length <= frameLength ? 1 : Math.ceil(length / frameLength)

/** Bytes of the body that {@link writeBody} makes of so much plaintext. */
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

/** A frame's IV is its sequence number: unique under a key that is used for one message only. */
const writeIv = (out: Buffer, at: number, sequence: number): Buffer => {
  out.fill(0, at, at + ivBytes - 4)
  out.writeUInt32BE(sequence, at + ivBytes - 4)
  return out.subarray(at, at + ivBytes)
}
