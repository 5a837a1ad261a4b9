import { GlassineError } from '@glassine/core'
import type { EncryptedDataKey, Keyring, KeyringRequest } from '@glassine/keys'
import { decryptFailed, from } from '../errors.ts'
import {
  keyBytes,
  type Recipient,
  unwrapDataKey,
  wrapDataKey,
  wrappedIntermediateKey,
} from './intermediate.ts'

/** An intermediate key that a keyring made, and its wrapped forms. */
export interface NewRecipient {
  readonly intermediateKey: Buffer
  readonly wrappedForms: readonly EncryptedDataKey[]
}

/**
 * Asks every keyring for an intermediate key of its own. For KMS that is a data key, for the others random bytes
 * that they wrapped.
 *
 * @throws GlassineError whatever the keyring throws; `ERR_ENCRYPT_FAILED` for an answer that does not fit
 */
export const newRecipients = (
  keyrings: readonly Keyring[],
  request: KeyringRequest,
): Promise<readonly NewRecipient[]> => {
  const ask = async (keyring: Keyring): Promise<NewRecipient> => {
    const made = await keyring.generate({ ...request, length: keyBytes })
    if (made.dataKey.length !== keyBytes || made.encryptedDataKeys.length === 0)
      throw new GlassineError('ERR_ENCRYPT_FAILED', {
        package: from,
        message: 'A keyring returned a key that does not fit the format',
      })
    return { intermediateKey: made.dataKey, wrappedForms: made.encryptedDataKeys }
  }
  return Promise.all(keyrings.map(ask))
}

/** Wraps an item's data key for all recipients, in the order of their keyrings. */
export const wrapForAll = (
  made: readonly NewRecipient[],
  dataKey: Buffer,
  context: Buffer,
): readonly Recipient[] =>
  made.flatMap(({ intermediateKey, wrappedForms }) =>
    wrapDataKey(dataKey, intermediateKey, wrappedForms, context),
  )

/**
 * Unwraps an item's data key by the first of its encrypted data keys that a keyring opens.
 *
 * @throws GlassineError `ERR_KEY_UNAVAILABLE` when none opened but one may later; `ERR_DECRYPT_FAILED`
 */
export const unwrapFromAny = async (
  keyrings: readonly Keyring[],
  request: KeyringRequest,
  encryptedDataKeys: readonly EncryptedDataKey[],
): Promise<{ readonly dataKey: Buffer; readonly macKey: Buffer }> => {
  let unavailable: unknown
  for (const key of encryptedDataKeys) {
    const wrapped = [wrappedIntermediateKey(key)]
    for (const keyring of keyrings) {
      let intermediateKey: Buffer | undefined
      try {
        intermediateKey = await keyring.unwrap({ ...request, length: keyBytes, encryptedDataKeys: wrapped })
      } catch (thrown) {
        // Another recipient's key may open the item though this one's KMS is down.
        if (thrown instanceof GlassineError && thrown.code === 'ERR_KEY_UNAVAILABLE') unavailable ??= thrown
        continue
      }
      if (intermediateKey?.length !== keyBytes) continue
      const unwrapped = unwrapDataKey(key, intermediateKey, request.context.bytes)
      if (unwrapped) return unwrapped
    }
  }
  throw unavailable ?? decryptFailed()
}
