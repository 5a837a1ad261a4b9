// What strangers send, and a KMS that counts what it makes of it. Without Jest: the benchmark uses it, too.
import { randomBytes } from 'node:crypto'

/** The one key of {@link countingKms}. */
export const countedKeyArn = 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'

/**
 * The operations of KMS in memory, with calls that are counted and take a moment. It refuses what it has not wrapped.
 */
export const countingKms = () => {
  const keys = new Map<string, Buffer>()
  const count = { decrypt: 0, atOnce: 0, most: 0, generate: 0 }
  const refusal = () =>
    Object.assign(new Error(), { name: 'InvalidCiphertextException', $metadata: { httpStatusCode: 400 } })
  return {
    count,
    client: {
      generateDataKey: async ({ KeyId, NumberOfBytes }: { KeyId: string; NumberOfBytes: number }) => {
        count.generate++
        const blob = randomBytes(184)
        const key = randomBytes(NumberOfBytes)
        keys.set(blob.toString('latin1'), Buffer.from(key))
        return { KeyId, Plaintext: key, CiphertextBlob: blob }
      },
      encrypt: async (): Promise<never> => {
        throw refusal()
      },
      decrypt: async ({ KeyId, CiphertextBlob }: { KeyId: string; CiphertextBlob: Uint8Array }) => {
        count.decrypt++
        count.most = Math.max(count.most, ++count.atOnce)
        await new Promise((resolve) => setImmediate(resolve))
        count.atOnce--
        const key = keys.get(Buffer.from(CiphertextBlob).toString('latin1'))
        if (key === undefined) throw refusal()
        return { KeyId, Plaintext: Buffer.from(key) }
      },
    },
  }
}

const counted = (bytes: Buffer): Buffer => {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(bytes.length)
  return Buffer.concat([length, bytes])
}

/** An encrypted data key as it is in a header: provider, key ARN and ciphertext. */
export type ForgedKey = readonly [provider: string, info: string | Buffer, ciphertext: Buffer]

/** An encrypted data key under the key that is allowed, which KMS refuses. */
export const forgedKey = (): ForgedKey => ['aws-kms', countedKeyArn, randomBytes(184)]

/**
 * A message of the AWS Encryption SDK in base64 (version 2, suite 0x0478) with the expected context and with encrypted
 * data keys that KMS never made.
 */
export const forgedMessage = (
  context: Readonly<Record<string, string>>,
  keys: readonly ForgedKey[] = [forgedKey()],
  suite = 0x0478,
): string => {
  const u16 = (value: number): Buffer => {
    const bytes = Buffer.alloc(2)
    bytes.writeUInt16BE(value)
    return bytes
  }
  const pairs = Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1))
  const parts = pairs.flatMap((pair) => pair.map((text) => counted(Buffer.from(text))))
  const frames = Buffer.alloc(5)
  frames.writeUInt8(2)
  frames.writeUInt32BE(4_096, 1)
  return Buffer.concat([
    Buffer.from([2]),
    u16(suite),
    randomBytes(32),
    counted(Buffer.concat([u16(pairs.length), ...parts])),
    u16(keys.length),
    ...keys.flat().map((part) => counted(Buffer.from(part as Buffer))),
    frames,
    randomBytes(32 + 16 + 60),
  ]).toString('base64')
}

/**
 * The same message with another wrapped key behind its own, which KMS does not know: the header's tag is then wrong.
 */
export const withForgedKey = (message: string, key: ForgedKey = forgedKey()): string => {
  const bytes = Buffer.from(message, 'base64')
  const keysAt = 37 + bytes.readUInt16BE(35)
  let end = keysAt + 2
  for (let part = 0; part < 3 * bytes.readUInt16BE(keysAt); part++) end += 2 + bytes.readUInt16BE(end)
  const count = Buffer.alloc(2)
  count.writeUInt16BE(bytes.readUInt16BE(keysAt) + 1)
  const parts = key.map((part) => counted(Buffer.from(part as Buffer)))
  return Buffer.concat([
    bytes.subarray(0, keysAt),
    count,
    bytes.subarray(keysAt + 2, end),
    ...parts,
    bytes.subarray(end),
  ]).toString('base64')
}
