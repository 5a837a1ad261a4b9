import { createHash } from 'node:crypto'
import type { DecryptionKeyRequest, KeyRequest } from './key-request.ts'
import { keyLength } from './material.ts'

/*
 * Cache keys. Two requests share one only when everything that decides the data key is the same; every part of
 * free length stands behind its length, so that no two lists of parts read alike. Encryption and decryption have
 * a cache each, so the purpose needs no part. Called once for each payload: plain concatenation, no JSON, no hash.
 */

/** The keyring's part: made once, and of fixed length however many key ARNs the id names. */
export const partitionOf = (keyringId: string): string =>
  createHash('sha256').update(keyringId).digest('base64')

/** Absent is not the same as any name, the empty one included. */
const tenantOf = (tenant: string | undefined): string =>
  tenant === undefined ? '-' : `${tenant.length}:${tenant}`

/** Keyring, tenant, suite, context. */
export const encryptionId = (partition: string, { tenant, suite, context }: KeyRequest): string =>
  `${partition}${tenantOf(tenant)},${suite},${context.id}`

/** Keyring, tenant, suite, length, context, encrypted data keys. */
export const decryptionId = (partition: string, request: DecryptionKeyRequest): string => {
  const { tenant, suite, context, length = keyLength, encryptedDataKeys } = request
  let id = `${partition}${tenantOf(tenant)},${suite},${length},${context.id.length}:${context.id}`
  for (const { providerId, providerInfo, ciphertext } of encryptedDataKeys)
    id +=
      `${providerId.length}:${providerId}` +
      `${providerInfo.length}:${providerInfo.toString('latin1')}` +
      `${ciphertext.length}:${ciphertext.toString('latin1')}`
  return id
}
