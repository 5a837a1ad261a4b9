/** The four ways to name a key: id, ARN, alias name, alias ARN; and AWS's message when one fails. */
import type { Call } from './call.ts'
import { KmsError, notFound } from './errors.ts'
import type { KmsKey } from './state.ts'

/** Single-Region ids are UUIDs with hyphens; multi-Region ids are `mrk-` and 32 hexadecimal digits. */
const keyIdPattern = /^(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$/

const arnPattern = /^arn:aws[\w-]*:kms:([\w-]+):(\d{12}):(key\/.+|alias\/.+)$/

/** The alias that a reference names, by its name or its ARN. */
export const aliasIn = (reference = ''): string | undefined =>
  /^(?:arn:[^/]*:)?(alias\/.+)$/.exec(reference)?.[1]

/** Some operations accept only an id or an ARN. */
interface Options {
  readonly alias?: boolean
}

/** An alias whose key was deleted counts as missing. */
const byAlias = ({ state, region }: Call, name: string): KmsKey => {
  const arn = state.aliasArn(region, name)
  const alias = state.aliases.get(arn)
  const key = alias && state.findKey(state.keyArn(region, alias.targetKeyId))
  if (key === undefined) throw notFound(`Alias ${arn} is not found.`)
  return key
}

/** The message for an unknown id shows its ARN; for a malformed id, the id itself. */
const byId = ({ state, region }: Call, keyId: string): KmsKey => {
  if (!keyIdPattern.test(keyId)) throw notFound(`Invalid keyId '${keyId}'`)
  const arn = state.keyArn(region, keyId)
  const key = state.findKey(arn)
  if (key === undefined) throw notFound(`Key '${arn}' does not exist`)
  return key
}

const byArn = (call: Call, reference: string, alias: boolean): KmsKey => {
  const [, region, account, resource = ''] = arnPattern.exec(reference) ?? []
  if (region === undefined) throw notFound(`Invalid arn ${reference}`)
  // A request is signed for one Region and reaches only that Region's keys.
  if (region !== call.region) throw notFound(`Invalid arn ${region}`)
  if (account !== call.state.accountId) {
    throw new KmsError(
      'AccessDeniedException',
      `User: ${call.principal} is not authorized to perform: kms:${call.operation} on resource: ${reference} ` +
        'because the resource does not exist in this Region, no resource-based policies allow access, or a ' +
        'resource-based policy explicitly denies access',
    )
  }
  if (resource.startsWith('key/')) return byId(call, resource.slice('key/'.length))
  if (!alias) throw notFound(`Invalid keyId '${reference}'`)
  return byAlias(call, resource)
}

/**
 * Finds the key that a request names.
 *
 * @throws `NotFoundException` when there is none, the ARN is of another Region or the id is malformed;
 *   `AccessDeniedException` for an ARN of another account.
 */
export const resolveKey = (call: Call, reference: string, { alias = false }: Options = {}): KmsKey => {
  if (reference.startsWith('arn:')) return byArn(call, reference, alias)
  if (alias && reference.startsWith('alias/')) return byAlias(call, reference)
  return byId(call, reference)
}
