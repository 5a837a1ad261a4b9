/** The state in a JSON file, so that a local KMS survives restarts. */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { type KmsError, LocalKmsOptionError } from './errors.ts'
import { policyOf } from './policy/document.ts'
import type { Alias, Grant, KeyCore, KmsKey, KmsState } from './state.ts'

const version = 1

/** Secrets are in base64, so that the file stays text; the file itself warns about them. */
const encode = (state: KmsState): string => {
  const cores = [...new Set([...state.keys.values()].map(({ core }) => core))]
  return JSON.stringify({
    warning: 'Key material in the clear, of a local KMS for tests and development',
    version,
    accountId: state.accountId,
    cores: cores.map((core) => ({
      ...core,
      privateKey: core.privateKey?.toString('base64'),
      materials: core.materials.map((material) => ({
        ...material,
        secret: material.secret.toString('base64'),
      })),
    })),
    // Replicas share one core, so they refer to it by id.
    keys: [...state.keys.values()].map(({ core, tags, grants, ...key }) => ({
      ...key,
      keyId: core.keyId,
      tags: [...tags],
      grants: [...grants.values()],
    })),
    aliases: [...state.aliases.values()],
  })
}

/** Only some members need decoding; the others are copied. */
type Stored<T> = Record<string, never> & T

/** A key with such a policy would refuse everyone, also who puts another one. */
const faultOf = (policy: string): string | undefined => {
  try {
    policyOf(policy, 'key')
    return undefined
  } catch (error) {
    return (error as KmsError).text
  }
}

/** Returns what is wrong, or `undefined`. Throws when the text is not a state file. */
const decode = (text: string, state: KmsState): string | undefined => {
  const saved = JSON.parse(text)
  if (saved?.version !== version) return 'is not a state file of this version of the local KMS'
  if (saved.accountId !== state.accountId) return 'belongs to a local KMS with another accountId'
  const cores = new Map<string, KeyCore>()
  for (const { privateKey, materials, ...core } of saved.cores as Stored<{
    privateKey?: string
    materials: never[]
  }>[]) {
    const read = {
      ...core,
      materials: materials.map((material: Stored<{ secret: string }>) => ({
        ...material,
        secret: Buffer.from(material.secret, 'base64'),
      })),
      ...(privateKey && { privateKey: Buffer.from(privateKey, 'base64') }),
    } as unknown as KeyCore
    cores.set(read.keyId, read)
  }
  for (const { keyId, tags, grants, ...key } of saved.keys as Stored<{
    keyId: string
    tags: [string, string][]
    grants: Grant[]
  }>[]) {
    const read = {
      ...key,
      core: cores.get(keyId),
      tags: new Map(tags),
      grants: new Map(grants.map((grant) => [grant.id, grant])),
    } as unknown as KmsKey
    const fault = faultOf(read.policy)
    if (fault !== undefined) return `has a malformed policy of ${read.arn}: ${fault}`
    state.keys.set(read.arn, read)
  }
  for (const alias of saved.aliases as Alias[]) state.aliases.set(alias.arn, alias)
  return undefined
}

/** Fills the state from the file, if there is one. */
export const loadState = (file: string, state: KmsState): void => {
  if (!existsSync(file)) return
  let problem: string | undefined
  try {
    problem = decode(readFileSync(file, 'utf8'), state)
  } catch {
    problem = 'is not a readable state file of the local KMS'
  }
  // Starting empty would overwrite keys that data still needs.
  if (problem !== undefined) throw new LocalKmsOptionError('file', problem)
}

/**
 * Writes the state to a temporary file and renames it, so that a crash leaves the old state. The temporary file is
 * always new and for its owner alone: an existing link is not followed, a file with other readers is not reused.
 */
export const saveState = (file: string, state: KmsState): void => {
  const next = `${file}.next`
  rmSync(next, { force: true })
  writeFileSync(next, encode(state), { mode: 0o600, flag: 'wx' })
  renameSync(next, file)
}
