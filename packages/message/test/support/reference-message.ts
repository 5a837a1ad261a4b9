// A second writer for messages of the AWS Encryption SDK, from the specification, on node:crypto alone. Nothing here
// calls the code under test, so their bytes can be compared.
import { createCipheriv, hkdfSync } from 'node:crypto'
import type { EncryptedDataKey } from '@glassine/keys'

/** A name and a value of an encryption context; bytes if it is not valid text. */
export type Pair = readonly [name: string | Buffer, value: string | Buffer]

/** An unsigned big-endian number of this many bytes. */
export const uint = (value: number, bytes: number): Buffer => {
  const out = Buffer.alloc(bytes)
  // Node writes at most 6 bytes at once.
  out.writeUIntBE(value, Math.max(0, bytes - 6), Math.min(bytes, 6))
  return out
}

/** Bytes after their length as a u16. */
const lengthPrefixed = (part: string | Buffer): Buffer => {
  const bytes = Buffer.from(part as string)
  return Buffer.concat([uint(bytes.length, 2), bytes])
}

/** An encryption context in the given order: a count and pairs, or no bytes at all. */
export const contextOf = (...pairs: readonly Pair[]): Buffer =>
  pairs.length === 0
    ? Buffer.alloc(0)
    : Buffer.concat([uint(pairs.length, 2), ...pairs.flat().map(lengthPrefixed)])

/** Encrypted data keys: a count, and provider id, provider info and ciphertext of each. */
export const encryptedDataKeysOf = (...keys: readonly EncryptedDataKey[]): Buffer => {
  const parts = keys.flatMap(({ providerId, providerInfo, ciphertext }) => [
    providerId,
    providerInfo,
    ciphertext,
  ])
  return Buffer.concat([uint(keys.length, 2), ...parts.map(lengthPrefixed)])
}

const gcm = (key: Buffer, iv: Buffer, aad: Buffer, plaintext: Buffer): Buffer => {
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: 16 })
  cipher.setAAD(aad)
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
}

/** A data key as a raw AES keyring wraps it. */
export const rawAesWrapped = (
  { namespace, name, key }: { readonly namespace: string; readonly name: string; readonly key: Buffer },
  iv: Buffer,
  dataKey: Buffer,
  ...context: readonly Pair[]
): EncryptedDataKey => ({
  providerId: namespace,
  providerInfo: Buffer.concat([Buffer.from(name), uint(128, 4), uint(iv.length, 4), iv]),
  ciphertext: gcm(key, iv, contextOf(...context), dataKey),
})

/** The parts of messages with one data key and one message id, format version 2. */
export const referenceWriter = ({
  suiteId = 0x0478,
  messageId,
  dataKey,
}: {
  readonly suiteId?: number
  readonly messageId: Buffer
  readonly dataKey: Buffer
}) => {
  const suite = uint(suiteId, 2)
  const derived = (...info: readonly Buffer[]): Buffer =>
    Buffer.from(hkdfSync('sha512', dataKey, messageId, Buffer.concat(info), 32))
  const key = derived(suite, Buffer.from('DERIVEKEY'))
  const commitmentOfKey = derived(Buffer.from('COMMITKEY'))

  const content = (kind: string, iv: Buffer, sequence: number, text: Buffer): Buffer => {
    const aad = [messageId, Buffer.from(`AWSKMSEncryptionClient ${kind}`), uint(sequence, 4)]
    return gcm(key, iv, Buffer.concat([...aad, uint(text.length, 8)]), text)
  }

  /** A header with a right tag, for all choices of the specification and for faulty parts. */
  const header = ({
    encryptedDataKeys,
    context = Buffer.alloc(0),
    unstored = Buffer.alloc(0),
    contentType = 2,
    frameLength = 4096,
    commitment = commitmentOfKey,
  }: {
    readonly encryptedDataKeys: Buffer
    readonly context?: Buffer
    /** Authenticated but not written. */
    readonly unstored?: Buffer
    readonly contentType?: number
    readonly frameLength?: number
    readonly commitment?: Buffer
  }): Buffer => {
    const start = [Buffer.from([2]), suite, messageId, lengthPrefixed(context), encryptedDataKeys]
    const body = Buffer.concat([...start, uint(contentType, 1), uint(frameLength, 4), commitment])
    return Buffer.concat([body, gcm(key, Buffer.alloc(12), Buffer.concat([body, unstored]), Buffer.alloc(0))])
  }

  const frame = (text: Buffer, sequence: number): Buffer => {
    const iv = uint(sequence, 12)
    return Buffer.concat([uint(sequence, 4), iv, content('Frame', iv, sequence, text)])
  }

  const finalFrame = (text: Buffer, sequence = 1, declaredLength = text.length): Buffer => {
    const iv = uint(sequence, 12)
    const head = [uint(0xffffffff, 4), uint(sequence, 4), iv, uint(declaredLength, 4)]
    return Buffer.concat([...head, content('Final Frame', iv, sequence, text)])
  }

  /** A body without frames; the format allows any IV. */
  const block = (text: Buffer, declaredLength = uint(text.length, 8)): Buffer => {
    const iv = Buffer.alloc(12, 7)
    return Buffer.concat([iv, declaredLength, content('Single Block', iv, 1, text)])
  }

  /** A framed body. If the length is a multiple of the frame length, the last frame is full, not empty. */
  const body = (plaintext: Buffer, frameLength: number): Buffer => {
    const frames: Buffer[] = []
    let rest = plaintext
    while (rest.length > frameLength) {
      frames.push(frame(rest.subarray(0, frameLength), frames.length + 1))
      rest = rest.subarray(frameLength)
    }
    return Buffer.concat([...frames, finalFrame(rest, frames.length + 1)])
  }

  return { commitment: commitmentOfKey, header, frame, finalFrame, block, body }
}
