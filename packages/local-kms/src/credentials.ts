/** Access keys, their secrets and their principals. */
import { rootOf } from './state.ts'

/** An access key, as the AWS SDKs take it. */
export interface LocalKmsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** For temporary credentials; requests must then carry it. */
  readonly sessionToken?: string
}

/** An access key to accept besides those that the server makes. */
export interface LocalKmsAccessKey extends LocalKmsCredentials {
  /** ARN of the caller; default: the account's root. Others may do what policies and grants allow. */
  readonly principal?: string
}

/** A known access key. */
export interface Caller extends LocalKmsCredentials {
  readonly principal: string
}

/** Constant, so that environments and compose files can name it, and clearly not a real secret. */
const rootCredentials: LocalKmsCredentials = {
  accessKeyId: 'AKIALOCALKMS00000000',
  secretAccessKey: 'local-kms-secret',
}

/** The access keys of one server. */
export interface CredentialStore {
  /** The account root's own pair. */
  readonly root: LocalKmsCredentials
  find(accessKeyId: string): Caller | undefined
  /** The pair of a principal, made at the first request for it. */
  of(principal: string): LocalKmsCredentials
}

/** @param others - accepted besides the root's pair, or instead of it when the access key id is the same */
export const createCredentials = (
  accountId: string,
  others: readonly LocalKmsAccessKey[] = [],
): CredentialStore => {
  const rootPrincipal = rootOf(accountId)
  const callers = new Map<string, Caller>()
  const add = ({ principal = rootPrincipal, ...credentials }: LocalKmsAccessKey): LocalKmsCredentials => {
    callers.set(credentials.accessKeyId, { ...credentials, principal })
    return credentials
  }
  add(rootCredentials)
  for (const accessKey of others) add(accessKey)
  let handedOut = 0
  const of = (principal: string): LocalKmsCredentials => {
    const known = [...callers.values()].find((caller) => caller.principal === principal)
    if (known !== undefined) {
      const { principal: _, ...credentials } = known
      return credentials
    }
    const number = handedOut++
    return add({
      accessKeyId: `AKIAGRANTEE${String(number).padStart(9, '0')}`,
      secretAccessKey: `${rootCredentials.secretAccessKey}-${number}`,
      principal,
    })
  }
  return { root: of(rootPrincipal), find: (accessKeyId) => callers.get(accessKeyId), of }
}
