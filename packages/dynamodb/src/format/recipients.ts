import { acquireAll, isGlassineError, isKeyFailure } from '@glassine/core/internal'
import type { EncryptedDataKey, Keyring, KeyringRequest } from '@glassine/keys'
import { gcmOpen, gcmSealInto, Refusals, secretKey, tagBytes } from '@glassine/keys/internal'
import { decryptFailed, fault } from '../errors.ts'
import { recipientKeys } from './derive.ts'
import { nameKeys } from './encryption-context.ts'

/** Bytes of a plaintext data key, and of an intermediate key. */
export const keyBytes = 32
const wrappedBytes = keyBytes + tagBytes

/** Zero, as the suites define: each intermediate key wraps one data key, once. */
const iv = Buffer.alloc(12)

/** An intermediate key that a keyring made, and the form in which it wrapped it. */
export interface NewRecipient {
  readonly intermediateKey: Buffer
  readonly wrappedForm: EncryptedDataKey
}

/** An item's data key for one recipient, and the key of the recipient's tag in the footer. */
export interface ItemRecipient {
  readonly encryptedDataKey: EncryptedDataKey
  readonly macKey: Buffer
}

/**
 * Wraps an item's data key under an intermediate key that a keyring made and wrapped (algorithm suites,
 * "Intermediate Key Wrapping"). Keyrings wrap intermediate keys and never the data key, so that every recipient has
 * a key of its own to verify the item with. Zeroes the intermediate key.
 */
export const wrapDataKey = (
  dataKey: Buffer,
  { intermediateKey, wrappedForm }: NewRecipient,
  context: Buffer,
): ItemRecipient => {
  const { macKey, wrappingKey } = recipientKeys(intermediateKey)
  intermediateKey.fill(0)
  const { providerId, providerInfo, ciphertext } = wrappedForm
  const both = Buffer.allocUnsafe(wrappedBytes + ciphertext.length)
  try {
    gcmSealInto(both, 0, secretKey(wrappingKey), iv, context, dataKey)
  } catch (error) {
    macKey.fill(0)
    throw error
  } finally {
    wrappingKey.fill(0)
  }
  both.set(ciphertext, wrappedBytes)
  return { encryptedDataKey: { providerId, providerInfo, ciphertext: both }, macKey }
}

/** The wrapped intermediate key within an item's encrypted data key: what a keyring can unwrap. */
const wrappedIntermediateKey = (key: EncryptedDataKey): EncryptedDataKey => ({
  providerId: key.providerId,
  providerInfo: key.providerInfo,
  ciphertext: key.ciphertext.subarray(wrappedBytes),
})

/**
 * Unwraps an item's data key; `undefined` for an intermediate key of another item. Zeroes the intermediate key.
 */
const unwrapDataKey = (
  key: EncryptedDataKey,
  intermediateKey: Buffer,
  context: Buffer,
): { readonly dataKey: Buffer; readonly macKey: Buffer } | undefined => {
  const { macKey, wrappingKey } = recipientKeys(intermediateKey)
  intermediateKey.fill(0)
  const wrapped = key.ciphertext.subarray(0, keyBytes)
  const tag = key.ciphertext.subarray(keyBytes, wrappedBytes)
  let dataKey: Buffer | undefined
  try {
    dataKey = gcmOpen(secretKey(wrappingKey), iv, context, wrapped, tag)
    return dataKey && { dataKey, macKey }
  } finally {
    wrappingKey.fill(0)
    if (dataKey === undefined) macKey.fill(0)
  }
}

/**
 * Asks every keyring for an intermediate key of its own. For KMS that is a data key, for the others random bytes
 * that they wrapped.
 *
 * @throws GlassineError whatever the keyring throws; `ERR_ENCRYPT_FAILED` for a result that does not fit
 */
export const newRecipients = (
  keyrings: readonly Keyring[],
  request: KeyringRequest,
): Promise<readonly NewRecipient[]> =>
  acquireAll(
    keyrings,
    (keyring) => ask(keyring, request),
    ({ intermediateKey }) => intermediateKey.fill(0),
  )

const ask = async (keyring: Keyring, request: KeyringRequest): Promise<NewRecipient> => {
  const { dataKey, encryptedDataKeys } = await keyring.generate({ ...request, length: keyBytes })
  const [wrappedForm] = encryptedDataKeys
  // If two recipients shared an intermediate key, each could forge the other's tag.
  if (dataKey.length !== keyBytes || wrappedForm === undefined || encryptedDataKeys.length > 1) {
    dataKey.fill(0)
    throw fault('ERR_ENCRYPT_FAILED', {
      message: 'Each keyring must wrap one key of 32 bytes once; pass several keyrings as a list',
    })
  }
  return { intermediateKey: dataKey, wrappedForm }
}

/**
 * Unwraps an item's data key by the first of its encrypted data keys that the keyring opens.
 *
 * @throws GlassineError `ERR_KEY_UNAVAILABLE` when none opened but one may later, `ERR_KEY_DENIED`;
 * `ERR_DECRYPT_FAILED`
 */
export const unwrapFromAny = async (
  keyring: Keyring,
  request: KeyringRequest,
  encryptedDataKeys: readonly EncryptedDataKey[],
): Promise<{ readonly dataKey: Buffer; readonly macKey: Buffer }> => {
  let unavailable: unknown
  const refusals = new Refusals()
  const { refused } = refusals
  for (const key of encryptedDataKeys) {
    // One at a time: a keyring does not say which of several it opened.
    const wrapped = {
      ...request,
      length: keyBytes,
      encryptedDataKeys: [wrappedIntermediateKey(key)],
      refused,
    }
    try {
      const intermediateKey = await keyring.unwrap(wrapped)
      const opened = intermediateKey && unwrapDataKey(key, intermediateKey, request.context.bytes)
      if (opened) return opened
      if (intermediateKey) refused('the wrapped data key was changed')
    } catch (thrown) {
      // Another recipient's key may still open the item if this one's KMS is down or denies access.
      if (isKeyFailure(thrown)) unavailable ??= thrown
      else refused(...failureOf(thrown))
    }
  }
  if (unavailable) throw unavailable
  const { reason, keyId } = refusals.cause(encryptedDataKeys)
  throw decryptFailed(`${reason}${expectedOf(reason, request.context)}`, { keyId })
}

/** What failed in a keyring, and the key that it names. The text of a foreign error may hold anything. */
const failureOf = (thrown: unknown): [reason: string, keyId?: string] => {
  if (!isGlassineError(thrown)) return ['the keyring failed']
  const { message, cause } = thrown
  return [cause?.reason ?? message, cause?.keyId]
}

/** What the reader expects of the encryption context. It is not stored, so which part of it differs is not known. */
const expectedOf = (reason: string, { pairs }: KeyringRequest['context']): string => {
  if (!reason.includes('encryption context')) return ''
  const [table, ...keys] = nameKeys.map((name) => pairs[name]).filter((name) => name !== undefined)
  return `; here the logical table is ${table}, and the key ${keys.join(', ')}`
}
