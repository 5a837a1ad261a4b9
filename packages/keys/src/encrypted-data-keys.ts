import { isUtf8 } from 'node:buffer'
import type { EncryptedDataKey } from './keyring.ts'

/*
 * The list of encrypted data keys in messages, items and tickets: of each the provider id, the provider info and the
 * ciphertext, each with its length in 16 bits before it. How many there are stands before the list, in 8 or 16 bits:
 * that and what is allowed are the format's.
 */

/** Writes the list; `undefined` when a part is longer than the format can say. */
export const writeEncryptedDataKeys = (keys: readonly EncryptedDataKey[]): Buffer | undefined => {
  let length = 0
  for (const { providerId, providerInfo, ciphertext } of keys) {
    const idLength = Buffer.byteLength(providerId, 'utf8')
    if (idLength > maxPart || providerInfo.length > maxPart || ciphertext.length > maxPart) return undefined
    length += 3 * 2 + idLength + providerInfo.length + ciphertext.length
  }
  const out = Buffer.allocUnsafe(length)
  let at = 0
  const part = (bytes: Uint8Array): void => {
    at = out.writeUInt16BE(bytes.length, at)
    out.set(bytes, at)
    at += bytes.length
  }
  for (const { providerId, providerInfo, ciphertext } of keys) {
    part(Buffer.from(providerId, 'utf8'))
    part(providerInfo)
    part(ciphertext)
  }
  return out
}

const maxPart = 0xffff

/** What was read: the keys, as views, and the offset after the last. */
export interface ReadEncryptedDataKeys {
  readonly encryptedDataKeys: readonly EncryptedDataKey[]
  readonly end: number
}

/** Reads so many keys from `at`; `undefined` when they are not all there, or a provider id is no UTF-8. */
export const readEncryptedDataKeys = (
  bytes: Buffer,
  at: number,
  count: number,
): ReadEncryptedDataKeys | undefined => {
  let end = at
  const part = (): Buffer | undefined => {
    const start = end + 2
    if (start > bytes.length) return undefined
    end = start + bytes.readUInt16BE(end)
    // `subarray` clamps, so check the bounds first.
    return end > bytes.length ? undefined : bytes.subarray(start, end)
  }
  const encryptedDataKeys: EncryptedDataKey[] = []
  while (encryptedDataKeys.length < count) {
    const [provider, providerInfo, ciphertext] = [part(), part(), part()]
    if (!provider || !providerInfo || !ciphertext || !isUtf8(provider)) return undefined
    encryptedDataKeys.push({ providerId: provider.toString('utf8'), providerInfo, ciphertext })
  }
  return { encryptedDataKeys, end }
}
