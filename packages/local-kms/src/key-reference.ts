/** The four ways to name a key: id, ARN, alias name, alias ARN; and AWS's sentence for each that fails. */
import type { Call } from './call.ts'
import { KmsError, notFound } from './errors.ts'
import type { KmsKey } from './state.ts'

/** Single-Region ids are UUIDs with hyphens; multi-Region ids are `mrk-` and 32 hexadecimal digits. */
const keyIdPattern = /^(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$/

const arnPattern = /^arn:aws[\w-]*:kms:([\w-]+):(\d{12}):(key\/.+|alias\/.+)$/

/** Some operations take an id or an ARN only. */
interface Options {
  readonly alias?: boolean
}

/** An alias whose key is gone is as good as none. */
const byAlias = ({ state, region }: Call, name: string): KmsKey => {
  const arn = state.aliasArn(region, name)
  const alias = state.aliases.get(arn)
  const key = alias && state.findKey(state.keyArn(region, alias.targetKeyId))
  if (key === undefined) throw notFound(`Alias ${arn} is not found.`)
  return key
}

/** A well-formed id that is unknown is answered with the ARN it would have; a malformed one as it came. */
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
  // A client signs for one Region and the service answers for that one only.
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
