import { hasMethods, type Rule, text } from '@glassine/core/internal'
import type { SerialisedContext } from './encryption-context.ts'

/** A data key wrapped by one wrapping key, as it stands in a message's header. */
export interface EncryptedDataKey {
  /** `aws-kms`, or a raw keyring's namespace. */
  readonly providerId: string
  /** The key ARN, or what a raw keyring writes there. Bytes, since raw keyrings append binary fields. */
  readonly providerInfo: Buffer
  readonly ciphertext: Buffer
}

/** For whom a call of a keyring, a recipient or a signer works, and until when. */
export interface CallBudget {
  /** Lambda's `context.tenantId`, where tenant isolation is on. */
  readonly tenant?: string
  /** When to give up, in ms since the epoch. A function: it moves when a caller with more time joins the call. */
  readonly deadline: () => number
}

/** The part that all requests to a keyring share. */
export interface KeyringRequest extends CallBudget {
  /** Algorithm suite id of the format, for example 0x0478. */
  readonly suite: number
  readonly context: SerialisedContext
}

/** Asks for a data key and its wrapped forms. */
export interface GenerateRequest extends KeyringRequest {
  /** Bytes of the data key: 32, but for legacy suites that are only read. */
  readonly length: number
}

/** Asks for one more wrapped form of a data key that another keyring generated. */
export interface WrapRequest extends KeyringRequest {
  readonly dataKey: Buffer
}

/** Asks for the data key of any of these. */
export interface UnwrapRequest extends KeyringRequest {
  readonly length: number
  readonly encryptedDataKeys: readonly EncryptedDataKey[]
}

/**
 * Generates, wraps and unwraps data keys: AWS's keyring (`OnEncrypt` and `OnDecrypt` of the Material Providers),
 * with `OnEncrypt` split by whether a data key is there already. A user's own keyring is these four members.
 */
export interface Keyring {
  /**
   * What distinguishes this keyring from every other: provider, key ARNs, regions. Part of every cache key, so two
   * keyrings with different keys must never share it. Holds no secret.
   */
  readonly id: string
  /**
   * Returns a new data key and its wrapped forms. The key's buffer passes to the caller, who zeroes it.
   *
   * @throws GlassineError `ERR_ENCRYPT_FAILED` (a definite refusal), `ERR_KEY_UNAVAILABLE`
   */
  generate(
    request: GenerateRequest,
  ): Promise<{ dataKey: Buffer; encryptedDataKeys: readonly EncryptedDataKey[] }>
  /**
   * Returns one more wrapped form, or several, of a data key that stays the caller's.
   *
   * @throws GlassineError `ERR_ENCRYPT_FAILED` (a definite refusal), `ERR_KEY_UNAVAILABLE`
   */
  wrap(request: WrapRequest): Promise<readonly EncryptedDataKey[]>
  /**
   * Returns the data key, or `undefined` when none of the encrypted data keys is for this keyring or opens. The
   * buffer passes to the caller, who zeroes it.
   *
   * @throws GlassineError `ERR_KEY_UNAVAILABLE` when an answer may be had later (KMS down, throttled, slow)
   */
  unwrap(request: UnwrapRequest): Promise<Buffer | undefined>
}

/** At construction of what stands on a keyring. */
export const keyringRule: Rule = [
  'must be a keyring: an `id`, and the methods generate, wrap, unwrap',
  (value) => text[1](value?.id) && hasMethods(value, ['generate', 'wrap', 'unwrap']),
]
