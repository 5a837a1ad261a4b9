import type { Invocation } from '@glassine/core'
import type { SerialisedContext } from './encryption-context.ts'
import { fixedLengthId } from './fixed-length.ts'
import type { EncryptedDataKey } from './keyring.ts'
import { keyLength } from './material.ts'

/**
 * What identifies a cached key, besides the keyring. The deadline is not part of the identity; its default, and its
 * maximum, is `timeout` ms from now.
 */
export interface KeyRequest extends Pick<Invocation, 'tenant' | 'deadline'> {
  readonly suite: number
  readonly context: SerialisedContext
}

/** A request for a data key to encrypt with. */
export interface EncryptionKeyRequest extends KeyRequest {
  /** How many messages are about to be encrypted: counted against `cacheMaxUses`. */
  readonly messages: number
  /** How many bytes of plaintext they hold: counted against `cacheMaxBytes`. */
  readonly bytes: number
}

/** A request for the data key that one of these encrypted data keys wraps. */
export interface DecryptionKeyRequest extends KeyRequest {
  readonly encryptedDataKeys: readonly EncryptedDataKey[]
  /** Length of the data key in bytes. Default 32. */
  readonly length?: number
  /** Where a stranger may have written the encrypted data keys. Default: the caller vouches for them. */
  readonly unproven?: UnprovenKey
}

/** What a caller says about encrypted data keys that nothing has been authenticated with. */
export interface UnprovenKey {
  /**
   * Called before each call of the keyring for this request; throws when the sender may cause no more. Such an error
   * ends this request alone and is not remembered.
   */
  spend(): void
  /**
   * Called with a key that was fetched and is not cached, before the caller gets it. The caller calls `admit` when the
   * key has opened something; only then it is cached.
   */
  fetched(admit: () => void): void
}

/*
 * Cache ids. Two requests share an id only if everything that determines the data key is equal. Each part of variable
 * length is prefixed with its length, so that different lists of parts never give the same text, and the id is the hash
 * of the text: the contents of headers are not kept. Encryption and decryption have separate caches, so the purpose is
 * not a part.
 */

/** The keyring's part: computed once, and of fixed length, however many key ARNs the keyring's id names. */
export const partitionOf = (keyringId: string): string => fixedLengthId(keyringId)

/** An absent tenant differs from every name, including the empty one. */
const tenantOf = (tenant: string | undefined): string =>
  tenant === undefined ? '-' : `${tenant.length}:${tenant}`

/** Keyring, tenant, suite, context. */
export const encryptionId = (partition: string, { tenant, suite, context }: KeyRequest): string =>
  fixedLengthId(`${partition}${tenantOf(tenant)},${suite},${context.id}`)

/** Keyring, tenant, suite, length, context, encrypted data keys. */
export const decryptionId = (partition: string, request: DecryptionKeyRequest): string => {
  const { tenant, suite, context, length = keyLength, encryptedDataKeys } = request
  let text = `${partition}${tenantOf(tenant)},${suite},${length},${context.id.length}:${context.id}`
  for (const { providerId, providerInfo, ciphertext } of encryptedDataKeys)
    text +=
      `${providerId.length}:${providerId}` +
      `${providerInfo.length}:${providerInfo.toString('latin1')}` +
      `${ciphertext.length}:${ciphertext.toString('latin1')}`
  return fixedLengthId(text)
}

/** The last id that was made for a subject, and of what. */
interface LastId extends Pick<DecryptionKeyRequest, 'tenant' | 'suite' | 'context' | 'length'> {
  readonly id: string
}

/** Makes ids once for each subject of a request, an object that formats use again. */
const remembered = <R extends KeyRequest & Pick<DecryptionKeyRequest, 'length'>>(
  subjectOf: (request: R) => object,
  idOf: (request: R) => string,
): ((request: R) => string) => {
  const cache = new WeakMap<object, LastId>()
  return (request) => {
    const { tenant, suite, context, length } = request
    const subject = subjectOf(request)
    const last = cache.get(subject)
    if (
      last !== undefined &&
      last.context === context &&
      last.tenant === tenant &&
      last.suite === suite &&
      last.length === length
    )
      return last.id
    const id = idOf(request)
    // A list that can be changed is read each time.
    if (Object.isFrozen(subject)) cache.set(subject, { tenant, suite, context, length, id })
    return id
  }
}

/** {@link encryptionId}, cached by context: formats reuse the contexts that they serialise. */
export const encryptionIds = (partition: string): ((request: KeyRequest) => string) =>
  remembered(
    ({ context }) => context,
    (request) => encryptionId(partition, request),
  )

/** {@link decryptionId}, cached by the list of encrypted data keys: one hash for each header, not for each message. */
export const decryptionIds = (partition: string): ((request: DecryptionKeyRequest) => string) =>
  remembered(
    ({ encryptedDataKeys }) => encryptedDataKeys,
    (request) => decryptionId(partition, request),
  )
