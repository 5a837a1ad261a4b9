/** What a suite decides; all else (AES-256-GCM, HKDF-SHA512 with commitment, HMAC-SHA384) they share. */
export interface Suite {
  readonly id: number
  /** The second byte of the header. */
  readonly flavor: 0 | 1
  /** Whether items carry an ECDSA signature beside the recipients' tags. */
  readonly signed: boolean
}

/** The suites of the format by the names that the option takes. */
export const suites = {
  '0x6700': { id: 0x6700, flavor: 0, signed: false },
  '0x6701': { id: 0x6701, flavor: 1, signed: true },
} as const satisfies Record<string, Suite>

/**
 * An algorithm suite: `0x6701` with an ECDSA P-384 signature (AWS's default), or `0x6700` without.
 *
 * With the signature, who holds the right to decrypt under a KMS key but not to encrypt cannot make an item that
 * verifies. It costs about ten times the rest. Under a hierarchical keyring readers hold the branch key, and nothing
 * keeps them from writing with it: there the signature adds little.
 */
export type SuiteName = keyof typeof suites

/** The suite that a header names; `undefined` for none. */
export const suiteOfFlavor = (flavor: number): Suite | undefined =>
  Object.values(suites).find((suite) => suite.flavor === flavor)
