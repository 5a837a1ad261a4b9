/** Grants. `authorize.ts` decides what they allow. */
import { randomBytes } from 'node:crypto'
import { authorizeWithoutKey, findGrant, isNamed, refuseDenied } from '../authorize.ts'
import { type Call, denied, endDryRun, type Operation, operation } from '../call.ts'
import { invalid, KmsError, notFound } from '../errors.ts'
import { resolveKey } from '../key-reference.ts'
import { wireDate } from '../metadata.ts'
import { contextValues } from '../policy/request.ts'
import { flag, list, type Member, oneOf, required, structure, text, textMap } from '../shape.ts'
import { type Grant, type KmsKey, rootOf } from '../state.ts'
import { useKey } from '../use-key.ts'
import { grantTokens, keyId, pageOf, pageShape } from './members.ts'

/** The operations that a grant can allow; managing keys is not among them. */
const grantable = [
  'Decrypt',
  'Encrypt',
  'GenerateDataKey',
  'GenerateDataKeyWithoutPlaintext',
  'ReEncryptFrom',
  'ReEncryptTo',
  'Sign',
  'Verify',
  'GetPublicKey',
  'CreateGrant',
  'RetireGrant',
  'DescribeKey',
  'GenerateDataKeyPair',
  'GenerateDataKeyPairWithoutPlaintext',
  'GenerateMac',
  'VerifyMac',
  'DeriveSharedSecret',
] as const

const principal = () => text({ min: 1, max: 256, pattern: /^[\w+=,.@:/-]+$/ })
const grantId = () => text({ min: 1, max: 128 })

const createGrant = operation(
  {
    KeyId: required(keyId()),
    GranteePrincipal: required(principal()),
    RetiringPrincipal: principal(),
    Operations: required(list(oneOf(grantable) as Member<string>)),
    Constraints: structure({ EncryptionContextSubset: textMap(), EncryptionContextEquals: textMap() }),
    GrantTokens: grantTokens(),
    Name: text({ min: 1, max: 256, pattern: /^[a-zA-Z0-9:/_-]+$/ }),
    DryRun: flag(),
  },
  (input, call) => {
    const { EncryptionContextEquals, EncryptionContextSubset } = input.Constraints ?? {}
    const key = useKey(call, input.KeyId, {
      grantTokens: input.GrantTokens,
      values: {
        ...contextValues(EncryptionContextEquals ?? EncryptionContextSubset),
        'kms:GrantConstraintType': Object.entries(input.Constraints ?? {}).flatMap(([name, value]) =>
          value === undefined ? [] : [name],
        )[0],
        'kms:GrantIsForAWSResource': 'false',
        'kms:GrantOperations': input.Operations,
        'kms:GranteePrincipal': input.GranteePrincipal,
        'kms:RetiringPrincipal': input.RetiringPrincipal,
      },
    })
    if (EncryptionContextEquals !== undefined && EncryptionContextSubset !== undefined) {
      throw invalid('Only one of EncryptionContextEquals and EncryptionContextSubset can be specified.')
    }
    endDryRun(input.DryRun)
    // The same name and contents mean the same grant, so that a retried request does not make a second one.
    const same = [...key.grants.values()].find(
      (grant) => input.Name !== undefined && contents(grant) === contents(fromInput(input)),
    )
    if (same !== undefined) return { GrantId: same.id, GrantToken: same.token }
    const grant: Grant = {
      ...fromInput(input),
      id: randomBytes(32).toString('hex'),
      token: randomBytes(96).toString('base64url'),
      createdAt: call.state.now(),
    }
    key.grants.set(grant.id, grant)
    call.state.changed = true
    return { GrantId: grant.id, GrantToken: grant.token }
  },
)

type GrantContents = Omit<Grant, 'id' | 'token' | 'createdAt'>

const fromInput = (input: {
  GranteePrincipal: string
  RetiringPrincipal: string | undefined
  Operations: readonly string[]
  Constraints: Grant['constraints'] | undefined
  Name: string | undefined
}): GrantContents => ({
  granteePrincipal: input.GranteePrincipal,
  operations: input.Operations,
  ...(input.RetiringPrincipal && { retiringPrincipal: input.RetiringPrincipal }),
  ...(input.Constraints && { constraints: input.Constraints }),
  ...(input.Name && { name: input.Name }),
})

/** The same text for two grants that allow the same. */
const contents = ({
  granteePrincipal,
  retiringPrincipal,
  operations,
  constraints,
  name,
}: GrantContents): string =>
  JSON.stringify([granteePrincipal, retiringPrincipal, [...operations].sort(), constraints, name])

/** Only CreateGrant returns the token; lists leave it out. */
const grantEntry = ([key, grant]: readonly [KmsKey, Grant], accountId: string): object => ({
  KeyId: key.arn,
  GrantId: grant.id,
  Name: grant.name ?? '',
  CreationDate: wireDate(grant.createdAt),
  GranteePrincipal: grant.granteePrincipal,
  RetiringPrincipal: grant.retiringPrincipal,
  IssuingAccount: rootOf(accountId),
  Operations: grant.operations,
  Constraints: grant.constraints,
})

const listed = (
  call: Call,
  found: readonly (readonly [KmsKey, Grant])[],
  input: { Limit: number | undefined; Marker: string | undefined },
): object => {
  const { entries, rest } = pageOf(found, ([, { id }]) => id, input, 50)
  return { Grants: entries.map((entry) => grantEntry(entry, call.state.accountId)), ...rest }
}

const listGrants = operation(
  { KeyId: required(keyId()), GrantId: grantId(), GranteePrincipal: principal(), ...pageShape(100) },
  (input, call) => {
    const key = useKey(call, input.KeyId, { state: 'any' })
    const found = [...key.grants.values()].filter(
      ({ id, granteePrincipal }) =>
        (input.GrantId === undefined || input.GrantId === id) &&
        (input.GranteePrincipal === undefined || input.GranteePrincipal === granteePrincipal),
    )
    return listed(
      call,
      found.map((grant) => [key, grant] as const),
      input,
    )
  },
)

const listRetirableGrants = operation(
  { RetiringPrincipal: required(principal()), ...pageShape(100) },
  (input, call) => {
    authorizeWithoutKey(call)
    const found = call.state
      .keysIn(call.region)
      .flatMap((key) => [...key.grants.values()].map((grant) => [key, grant] as const))
      .filter(([, grant]) => grant.retiringPrincipal === input.RetiringPrincipal)
    return listed(call, found, input)
  },
)

/** For an administrator of the key. */
const revokeGrant = operation(
  { KeyId: required(keyId()), GrantId: required(grantId()), DryRun: flag() },
  (input, call) => {
    const key = useKey(call, input.KeyId, { state: 'any' })
    if (!key.grants.has(input.GrantId)) throw notFound(`Grant ID ${input.GrantId} not found`)
    endDryRun(input.DryRun)
    key.grants.delete(input.GrantId)
    call.state.changed = true
    return undefined
  },
)

/** For a principal that no longer needs the grant. AWS requires the key's ARN; here an id works too. */
const retireGrant = operation(
  { GrantToken: text({ min: 1, max: 8192 }), KeyId: keyId(), GrantId: grantId(), DryRun: flag() },
  (input, call) => {
    const byToken = input.GrantToken !== undefined
    if (!byToken && (input.KeyId === undefined || input.GrantId === undefined)) {
      throw invalid('Either GrantToken or both KeyId and GrantId must be specified.')
    }
    const key = byToken ? undefined : resolveKey(call, input.KeyId!)
    const found = findGrant(call.state, (grant) =>
      byToken
        ? grant.token === input.GrantToken
        : grant.id === input.GrantId && key?.grants.get(grant.id) === grant,
    )
    if (found === undefined) {
      if (byToken) throw new KmsError('InvalidGrantTokenException')
      throw notFound(`Grant ID ${input.GrantId} not found`)
    }
    const [granted, grant] = found
    call.record.keyArn = granted.arn
    // The retiring principal may, and a grantee whose grant includes RetireGrant.
    const mayRetire =
      call.isOwner ||
      isNamed(grant.retiringPrincipal, call) ||
      (isNamed(grant.granteePrincipal, call) && grant.operations.includes('RetireGrant'))
    if (!mayRetire) throw denied(call, granted.arn)
    refuseDenied(call, granted)
    endDryRun(input.DryRun)
    granted.grants.delete(grant.id)
    call.state.changed = true
    return undefined
  },
)

export const grantOperations: Readonly<Record<string, Operation>> = {
  CreateGrant: createGrant,
  ListGrants: listGrants,
  ListRetirableGrants: listRetirableGrants,
  RevokeGrant: revokeGrant,
  RetireGrant: retireGrant,
}
