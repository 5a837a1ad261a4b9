import { isUtf8 } from 'node:buffer'
import type { EncryptedDataKey } from '@glassine/keys'
import { decryptFailed, fault } from '../errors.ts'

/** Reads encrypted data keys, whose bounds the scan has checked; the results are copies. */
export const parseEncryptedDataKeys = (bytes: Buffer): readonly EncryptedDataKey[] => {
  let at = 2
  const part = (): Buffer => {
    const start = at + 2
    at = start + bytes.readUInt16BE(at)
    // A copy: it outlives the message, and a view would hold on to all of it.
    return Buffer.from(bytes.subarray(start, at))
  }
  return Array.from({ length: bytes.readUInt16BE(0) }, () => {
    const provider = part()
    if (!isUtf8(provider)) throw decryptFailed()
    return { providerId: provider.toString('utf8'), providerInfo: part(), ciphertext: part() }
  })
}

/** Writes encrypted data keys: their count, and three length-prefixed parts of each. */
export const serialiseEncryptedDataKeys = (keys: readonly EncryptedDataKey[]): Buffer => {
  const parts: Buffer[] = [uint16(keys.length)]
  for (const { providerId, providerInfo, ciphertext } of keys)
    for (const part of [Buffer.from(providerId, 'utf8'), providerInfo, ciphertext])
      parts.push(uint16(part.length), part)
  return Buffer.concat(parts)
}

const uint16 = (value: number): Buffer => {
  // A keyring of the user's own may hand over anything.
  if (value > 0xffff)
    throw fault('ERR_ENCRYPT_FAILED', {
      message: 'An encrypted data key does not fit the message format',
    })
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}
