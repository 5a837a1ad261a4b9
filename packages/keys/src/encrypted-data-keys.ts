import { isUtf8 } from 'node:buffer'
import type { EncryptedDataKey } from './keyring.ts'

/*
 * The list of encrypted data keys in messages, items and tickets: for each key its provider id, provider info and
 * ciphertext, each prefixed with its length in 16 bits. The format itself writes the count before the list, in 8 or 16
 * bits, and limits it.
 */

/** Writes the list; `undefined` if a part is too long for a length of 16 bits. */
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

/** The keys that were read, as views, and the offset after the last one. */
export interface ReadEncryptedDataKeys {
  readonly encryptedDataKeys: readonly EncryptedDataKey[]
  readonly end: number
}

/** Reads `count` keys from `at`; `undefined` if the list is cut short or a provider id is not UTF-8. */
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
