import { createHash } from 'node:crypto'
import type { SerialisedContext } from './encryption-context.ts'
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

/**
 * {@link encryptionId}, remembered with the context: formats keep the contexts that they serialise, and a string
 * that is used again has been hashed before.
 */
export const encryptionIds = (partition: string): ((request: KeyRequest) => string) => {
  const known = new WeakMap<SerialisedContext, { tenant: string | undefined; suite: number; id: string }>()
  return (request) => {
    const { tenant, suite, context } = request
    const last = known.get(context)
    if (last !== undefined && last.tenant === tenant && last.suite === suite) return last.id
    const id = encryptionId(partition, request)
    known.set(context, { tenant, suite, id })
    return id
  }
}

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
