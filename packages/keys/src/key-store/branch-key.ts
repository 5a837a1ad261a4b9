import { type Rule, text } from '@glassine/core/internal'
import { badOption } from '../errors.ts'
import { inspected } from '../lease.ts'

/** A branch key or a beacon key in the clear, as a key store returns it. */
export interface BranchKey {
  readonly branchKeyId: string
  /** A UUID in lower case; absent for a beacon key, which has no versions. */
  readonly version?: string
  /** 32 bytes. The caller owns the buffer and zeroes it. Not enumerable in the keys that `keyStore` returns. */
  readonly bytes: Buffer
}

/** Asks for a branch key. */
export interface BranchKeyRequest {
  readonly branchKeyId: string
  /** When to give up, in ms since the epoch. A getter: it moves when a caller with more time joins the call. */
  readonly deadline?: () => number
}

/**
 * Where a hierarchical keyring gets branch keys from: `keyStore` of `@glassine/keys/key-store`, or anything with
 * these four members.
 */
export interface BranchKeySource {
  /** What distinguishes this source from every other. Holds no secret. */
  readonly id: string
  /**
   * The version that encrypts now.
   *
   * @throws GlassineError `ERR_DECRYPT_FAILED` for a permanent failure (missing, tampered with, refused by KMS),
   * `ERR_KEY_UNAVAILABLE` for a temporary one
   */
  getActiveBranchKey(request: BranchKeyRequest): Promise<BranchKey>
  /** One version, by its UUID; throws as {@link BranchKeySource.getActiveBranchKey} does. */
  getBranchKeyVersion(request: BranchKeyRequest & { readonly version: string }): Promise<BranchKey>
  /** The key for the beacons of searchable encryption; throws as {@link BranchKeySource.getActiveBranchKey} does. */
  getBeaconKey(request: BranchKeyRequest): Promise<BranchKey>
}

/** Length of every branch key and beacon key, in bytes. */
export const branchKeyLength = 32

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** The 16 bytes of a version, or `undefined` if it is not a UUID in lower case. */
export const versionBytes = (version: unknown): Buffer | undefined =>
  typeof version === 'string' && uuid.test(version)
    ? Buffer.from(version.replaceAll('-', ''), 'hex')
    : undefined

/** Converts the 16 bytes of a version in an encrypted data key to its UUID. */
export const versionText = (bytes: Buffer): string =>
  bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')

/** DynamoDB's limit for a partition key, in bytes. */
const maxBranchKeyId = 2_048

export const branchKeyIdRule: Rule = [
  `must be a string of 1 to ${maxBranchKeyId} bytes`,
  (value) => text[1](value) && Buffer.byteLength(value) <= maxBranchKeyId,
]

/** @throws GlassineError `ERR_OPTION_INVALID` */
export const branchKeyIdOption = (branchKeyId: unknown): void => {
  if (!branchKeyIdRule[1](branchKeyId)) throw badOption('branchKeyId', branchKeyIdRule[0])
}

/**
 * A branch key whose bytes are behind a getter, which `JSON.stringify` does not call, and `util.inspect` prints its id
 * alone.
 */
export class HiddenBranchKey implements BranchKey {
  readonly branchKeyId: string
  readonly version: string | undefined
  readonly #bytes: Buffer

  constructor(branchKeyId: string, version: string | undefined, bytes: Buffer) {
    this.branchKeyId = branchKeyId
    this.version = version
    this.#bytes = bytes
  }

  get bytes(): Buffer {
    return this.#bytes
  }

  [inspected](): string {
    return `Branch key ${this.branchKeyId}`
  }
}
