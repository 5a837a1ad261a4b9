import { hasMethods, type Rule, text } from '@glassine/core/internal'
import type { SerialisedContext } from './encryption-context.ts'
import { isRefusal, ownError } from './errors.ts'
import { keyArnOf } from './kms/arn.ts'

/** A data key wrapped by one wrapping key, as in the header of a message. */
export interface EncryptedDataKey {
  /** `aws-kms`, or a raw keyring's namespace. */
  readonly providerId: string
  /** The key ARN, or what a raw keyring writes here. Bytes, since raw keyrings append binary fields. */
  readonly providerInfo: Buffer
  readonly ciphertext: Buffer
}

/** The tenant and the deadline of a call of a keyring, a recipient or a signer. */
export interface CallBudget {
  /** Lambda's `context.tenantId`, where tenant isolation is on. */
  readonly tenant?: string
  /**
   * When to give up, in ms since the epoch. A function, since the deadline moves when a caller with more time joins.
   */
  readonly deadline: () => number
}

export type Deadline = CallBudget['deadline']

/** What all requests to a keyring have in common. */
export interface KeyringRequest extends CallBudget {
  /** Algorithm suite id of the format, for example 0x0478. */
  readonly suite: number
  readonly context: SerialisedContext
}

/** A request for a new data key and its wrapped forms. */
export interface GenerateRequest extends KeyringRequest {
  /** Length of the data key in bytes: 32, except in legacy suites, which are only read. */
  readonly length: number
}

/** A request to wrap a data key that another keyring generated. */
export interface WrapRequest extends KeyringRequest {
  readonly dataKey: Buffer
}

/** A request for the data key that any of these encrypted data keys wraps. */
export interface UnwrapRequest extends KeyringRequest {
  readonly length: number
  readonly encryptedDataKeys: readonly EncryptedDataKey[]
  /**
   * To be called before each call of a service but the first: throws when the sender may cause no more. Absent where
   * nothing limits the calls.
   */
  readonly spend?: () => void
  /**
   * To be called before `undefined` is returned, with what the operator should know: constants and names, and the id
   * of the key that was asked. Default id: the ARNs that the encrypted data keys name.
   */
  readonly refused?: (reason: string, keyId?: string) => void
}

/**
 * Generates, wraps and unwraps data keys. This is AWS's keyring (`OnEncrypt` and `OnDecrypt` of the Material
 * Providers), with `OnEncrypt` split in two: `generate`, and `wrap` for an existing data key. A custom keyring has
 * these four members.
 */
export interface Keyring {
  /**
   * Identifies this keyring: provider, key ARNs, Regions. Part of every cache id, so two keyrings with different keys
   * must never share it. Must not hold a secret.
   */
  readonly id: string
  /**
   * Returns a new data key and its wrapped forms. The caller owns the key's buffer and zeroes it.
   *
   * @throws GlassineError `ERR_ENCRYPT_FAILED` (a definite refusal), `ERR_KEY_UNAVAILABLE`
   */
  generate(
    request: GenerateRequest,
  ): Promise<{ dataKey: Buffer; encryptedDataKeys: readonly EncryptedDataKey[] }>
  /**
   * Returns one or more wrapped forms of a data key. The buffer stays the caller's.
   *
   * @throws GlassineError `ERR_ENCRYPT_FAILED` (a definite refusal), `ERR_KEY_UNAVAILABLE`
   */
  wrap(request: WrapRequest): Promise<readonly EncryptedDataKey[]>
  /**
   * Returns the data key, or `undefined` if none of the encrypted data keys is for this keyring or can be unwrapped.
   * The caller owns the buffer and zeroes it.
   *
   * @throws GlassineError `ERR_KEY_UNAVAILABLE` for a temporary failure (KMS is down, throttles or is slow)
   */
  unwrap(request: UnwrapRequest): Promise<Buffer | undefined>
}

/** What keyrings say when they do not unwrap: for the operator, and worked out only when they refuse. */
export class Refusals {
  readonly #reasons = new Set<string>()
  #keyId: string | undefined

  readonly refused = (reason: string, keyId?: string): void => {
    this.#reasons.add(reason)
    this.#keyId ??= keyId
  }

  /** @param encryptedDataKeys - those of the message: the key ARNs that they name are its readers' to know */
  cause(encryptedDataKeys: readonly EncryptedDataKey[]): {
    readonly reason: string
    readonly keyId?: string
  } {
    // A stranger may have written them: only what has the form of an ARN is repeated.
    const arns = encryptedDataKeys.flatMap(({ providerId, providerInfo }) =>
      providerId === 'aws-kms' ? (keyArnOf(providerInfo.toString('utf8'))?.arn ?? []) : [],
    )
    const keyId = this.#keyId ?? [...new Set(arns)].join(', ')
    const reason = [...this.#reasons].join('; ') || 'no configured key unwraps it'
    return { reason, ...(keyId !== '' && { keyId }) }
  }
}

/**
 * Wraps a data key in several ways at once, and returns all wrapped forms. Waits for all of them, even after a failure:
 * the caller then zeroes the data key, which must not be in use.
 *
 * @throws GlassineError a refusal rather than an outage, since it does not pass by itself
 */
export const wrapAll = async <T>(
  all: readonly T[],
  wrap: (one: T) => Promise<readonly EncryptedDataKey[]>,
): Promise<readonly EncryptedDataKey[]> => {
  const results = await Promise.allSettled(all.map(async (one) => wrap(one)))
  const errors = results.flatMap((result) => (result.status === 'rejected' ? [ownError(result.reason)] : []))
  if (errors.length > 0) throw errors.find(isRefusal) ?? errors[0]!
  return results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []))
}

/** The check of an option that is a keyring. */
export const keyringRule: Rule = [
  'must be a keyring: an `id`, and the methods generate, wrap, unwrap',
  (value) => text[1](value?.id) && hasMethods(value, ['generate', 'wrap', 'unwrap']),
]
