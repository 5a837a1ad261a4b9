import type { GlassineError } from '@glassine/core'
import { branchKeyIdRule } from '../../branch-key-id.ts'
import type { EncryptionContext } from '../../encryption-context.ts'
import { fault } from '../../errors.ts'
import type { KeyringRequest } from '../../keyring.ts'

/** What a function that chooses the branch key is told. The same for encryption and decryption. */
export interface BranchKeyIdRequest {
  /**
   * The encryption context's `tenant`; where it has none, Lambda's `context.tenantId`.
   *
   * @throws GlassineError `ERR_BINDING_INVALID` on access when there is neither
   */
  readonly tenant: string
  /** What the ciphertext is bound to: the caller's binding, and the names that the format adds. */
  readonly encryptionContext: EncryptionContext
}

/** Chooses the branch key of an encryption context: one for each tenant, say. Must be a pure function. */
export type BranchKeyIdSupplier = (request: BranchKeyIdRequest) => string

/** What a template literal makes of a value that is not there: `tenant-undefined` would be everybody's key. */
const absent = /(^|[^A-Za-z0-9])(undefined|null|NaN)($|[^A-Za-z0-9])|\[object /

const invalid = (message: string): GlassineError => fault('ERR_BINDING_INVALID', { message })

/** The choice of each request. */
export const branchKeyIdOf = (
  option: string | BranchKeyIdSupplier,
): ((request: KeyringRequest) => string) => {
  if (typeof option !== 'function') return () => option
  return ({ tenant, context: { pairs } }) => {
    const id = option({
      get tenant() {
        const name = Object.hasOwn(pairs, 'tenant') ? pairs.tenant : tenant
        if (name === undefined || name === '') throw invalid('The encryption context names no `tenant`')
        return name
      },
      encryptionContext: pairs,
    })
    if (!branchKeyIdRule[1](id)) throw invalid('`branchKeyId` returned no branch key id')
    if (absent.test(id)) throw invalid('`branchKeyId` returned an id with an absent value in it')
    return id
  }
}
