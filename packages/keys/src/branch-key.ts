/** A branch key or a beacon key in the clear, as a key store gives it out. */
export interface BranchKey {
  readonly branchKeyId: string
  /** A UUID in lower case; absent for a beacon key, which has no versions. */
  readonly version?: string
  /** 32 bytes. The buffer passes to the caller, who zeroes it. Not enumerable where a key store of ours made it. */
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
   * @throws GlassineError `ERR_DECRYPT_FAILED` when it will not be had (missing, tampered, refused by KMS),
   * `ERR_KEY_UNAVAILABLE` when it may be had later
   */
  getActiveBranchKey(request: BranchKeyRequest): Promise<BranchKey>
  /** One version, by its UUID; throws as {@link BranchKeySource.getActiveBranchKey} does. */
  getBranchKeyVersion(request: BranchKeyRequest & { readonly version: string }): Promise<BranchKey>
  /** The key of the searchable-encryption beacons; throws as {@link BranchKeySource.getActiveBranchKey} does. */
  getBeaconKey(request: BranchKeyRequest): Promise<BranchKey>
}

/** Bytes of every branch key and beacon key. */
export const branchKeyLength = 32

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** The 16 bytes of a version, or `undefined` when it is no UUID in lower case. */
export const versionBytes = (version: unknown): Buffer | undefined =>
  typeof version === 'string' && uuid.test(version)
    ? Buffer.from(version.replaceAll('-', ''), 'hex')
    : undefined

/** The text of a version that stands in an encrypted data key as 16 bytes. */
export const versionText = (bytes: Buffer): string =>
  bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
