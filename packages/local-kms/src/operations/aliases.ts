/** CreateAlias, UpdateAlias, DeleteAlias, ListAliases. */
import { authorize, authorizeWithoutKey } from '../authorize.ts'
import { type Call, type Operation, operation } from '../call.ts'
import { invalid, KmsError, notFound } from '../errors.ts'
import { resolveKey } from '../key-reference.ts'
import { wireDate } from '../metadata.ts'
import { required, text } from '../shape.ts'
import { isAsymmetric, isSymmetric } from '../specs.ts'
import type { Alias, KmsKey } from '../state.ts'
import { useKey } from '../use-key.ts'
import { keyId, pageOf, pageShape } from './members.ts'

/** Checked before the prefix, as in AWS. */
const aliasName = () => required(text({ min: 1, max: 256, pattern: /^[a-zA-Z0-9:/_-]+$/ }))

const prefix = 'alias/'

const checkName = (name: string): void => {
  if (!name.startsWith(prefix)) {
    throw invalid(
      'Alias must start with the prefix "alias/". ' +
        'Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html',
    )
  }
  // The pattern of the model allows colons, the service does not.
  if (name.includes(':')) throw invalid(`${name} contains invalid characters for an alias`)
  // The names of AWS managed keys.
  if (name.startsWith('alias/aws/')) throw new KmsError('NotAuthorizedException')
}

/** The key that an alias will point to; not another alias. */
const targetKey = (call: Call, reference: string): KmsKey => {
  if (reference.startsWith(prefix)) throw invalid('Aliases must refer to keys. Not aliases')
  return useKey(call, reference, { state: 'kept' })
}

const findAlias = ({ state, region }: Call, name: string): Alias => {
  const arn = state.aliasArn(region, name)
  const alias = state.aliases.get(arn)
  if (alias === undefined) throw notFound(`Alias ${arn} is not found.`)
  return alias
}

const createAlias = operation(
  { AliasName: aliasName(), TargetKeyId: required(keyId()) },
  ({ AliasName, TargetKeyId }, call) => {
    const { state, region } = call
    checkName(AliasName)
    const key = targetKey(call, TargetKeyId)
    const arn = state.aliasArn(region, AliasName)
    authorizeWithoutKey(call, arn)
    if (state.aliases.has(arn)) {
      throw new KmsError('AlreadyExistsException', `An alias with the name ${arn} already exists`)
    }
    const now = state.now()
    state.aliases.set(arn, {
      name: AliasName,
      arn,
      region,
      targetKeyId: key.core.keyId,
      createdAt: now,
      updatedAt: now,
    })
    state.changed = true
    return undefined
  },
)

/** The three types of keys between which an alias cannot move. */
const kindOf = ({ core }: KmsKey): string =>
  isSymmetric(core.spec) ? 'symmetric' : isAsymmetric(core.spec) ? 'asymmetric' : 'HMAC'

const updateAlias = operation(
  { AliasName: aliasName(), TargetKeyId: required(keyId()) },
  ({ AliasName, TargetKeyId }, call) => {
    const { state, region } = call
    checkName(AliasName)
    const alias = findAlias(call, AliasName)
    const old = state.findKey(state.keyArn(region, alias.targetKeyId))
    // The alias is taken from a key, which must allow it too.
    if (old !== undefined) authorize(call, old, {})
    const key = targetKey(call, TargetKeyId)
    authorizeWithoutKey(call, alias.arn)
    // A key of another type would break every caller of the alias.
    if (old !== undefined && (kindOf(old) !== kindOf(key) || old.core.usage !== key.core.usage)) {
      throw invalid(`Alias ${alias.arn} cannot point to a KMS key of another type or key usage`)
    }
    alias.targetKeyId = key.core.keyId
    alias.updatedAt = state.now()
    state.changed = true
    return undefined
  },
)

const deleteAlias = operation({ AliasName: aliasName() }, ({ AliasName }, call) => {
  const { state, region } = call
  checkName(AliasName)
  authorizeWithoutKey(call, state.aliasArn(region, AliasName))
  const { arn, targetKeyId } = findAlias(call, AliasName)
  const key = state.findKey(state.keyArn(region, targetKeyId))
  if (key !== undefined) authorize(call, key, {})
  state.aliases.delete(arn)
  state.changed = true
  return undefined
})

/** Of a key, or of the whole Region. */
const listAliases = operation({ KeyId: keyId(), ...pageShape(100) }, (input, call) => {
  const { state, region } = call
  authorizeWithoutKey(call)
  const key = input.KeyId === undefined ? undefined : resolveKey(call, input.KeyId)
  if (key !== undefined) call.record.keyArn = key.arn
  const all =
    key === undefined
      ? [...state.aliases.values()].filter((alias) => alias.region === region)
      : state.aliasesOf(key)
  const { entries, rest } = pageOf(all, ({ arn }) => arn, input, 50)
  return {
    Aliases: entries.map((alias) => ({
      AliasName: alias.name,
      AliasArn: alias.arn,
      TargetKeyId: alias.targetKeyId,
      CreationDate: wireDate(alias.createdAt),
      LastUpdatedDate: wireDate(alias.updatedAt),
    })),
    ...rest,
  }
})

export const aliasOperations: Readonly<Record<string, Operation>> = {
  CreateAlias: createAlias,
  UpdateAlias: updateAlias,
  DeleteAlias: deleteAlias,
  ListAliases: listAliases,
}
