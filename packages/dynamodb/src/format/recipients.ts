import { acquireAll, isUnavailable } from '@glassine/core/internal'
import type { EncryptedDataKey, Keyring, KeyringRequest } from '@glassine/keys'
import { decryptFailed, fault } from '../errors.ts'
import { keyBytes, type NewRecipient, unwrapDataKey, wrappedIntermediateKey } from './intermediate.ts'

/**
 * Asks every keyring for an intermediate key of its own. For KMS that is a data key, for the others random bytes
 * that they wrapped.
 *
 * @throws GlassineError whatever the keyring throws; `ERR_ENCRYPT_FAILED` for an answer that does not fit
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
  // Two recipients with one intermediate key could each make items that the other takes for the writer's.
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
 * @throws GlassineError `ERR_KEY_UNAVAILABLE` when none opened but one may later; `ERR_DECRYPT_FAILED`
 */
export const unwrapFromAny = async (
  keyring: Keyring,
  request: KeyringRequest,
  encryptedDataKeys: readonly EncryptedDataKey[],
): Promise<{ readonly dataKey: Buffer; readonly macKey: Buffer }> => {
  let unavailable: unknown
  for (const key of encryptedDataKeys) {
    // One at a time: a keyring does not say which of several it opened.
    const wrapped = { ...request, length: keyBytes, encryptedDataKeys: [wrappedIntermediateKey(key)] }
    try {
      const intermediateKey = await keyring.unwrap(wrapped)
      const opened = intermediateKey && unwrapDataKey(key, intermediateKey, request.context.bytes)
      if (opened) return opened
    } catch (thrown) {
      // Another recipient's key may open the item though this one's KMS is down or denies.
      if (isUnavailable(thrown)) unavailable ??= thrown
    }
  }
  throw unavailable ?? decryptFailed()
}
