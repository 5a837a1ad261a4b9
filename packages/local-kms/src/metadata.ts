/** KeyMetadata, the response of CreateKey, DescribeKey and ReplicateKey. */
import { currentMaterialId } from './material.ts'
import { abilityOf } from './specs.ts'
import type { KmsKey, KmsState } from './state.ts'

/** Dates on the wire are seconds with a fraction. */
export const wireDate = (at: number): number => at / 1000

/** The key's state in AWS's words. */
const keyState = (key: KmsKey): string => {
  if (key.deletion !== undefined) {
    return key.deletion.at === undefined ? 'PendingReplicaDeletion' : 'PendingDeletion'
  }
  if (key.core.origin === 'EXTERNAL') return 'PendingImport'
  return key.enabled ? 'Enabled' : 'Disabled'
}

/** The primary and all replicas; the same response in every Region. */
const multiRegionConfiguration = (state: KmsState, key: KmsKey): object => {
  const { core } = key
  const all = state.siblings(key).map(({ arn, region }) => ({ Arn: arn, Region: region }))
  return {
    MultiRegionKeyType: key.region === core.primaryRegion ? 'PRIMARY' : 'REPLICA',
    PrimaryKey: all.find(({ Region }) => Region === core.primaryRegion),
    ReplicaKeys: all.filter(({ Region }) => Region !== core.primaryRegion),
  }
}

/** The metadata of a key in its Region. */
export const keyMetadata = (state: KmsState, key: KmsKey): Record<string, unknown> => {
  const { core, deletion } = key
  const { member, algorithms } = abilityOf(core.spec, core.usage)
  const status = keyState(key)
  return {
    AWSAccountId: state.accountId,
    KeyId: core.keyId,
    Arn: key.arn,
    CreationDate: wireDate(key.createdAt),
    Enabled: status === 'Enabled',
    Description: key.description,
    KeyUsage: core.usage,
    KeyState: status,
    Origin: core.origin,
    KeyManager: 'CUSTOMER',
    CustomerMasterKeySpec: core.spec,
    KeySpec: core.spec,
    [member]: algorithms,
    MultiRegion: core.primaryRegion !== undefined,
    ...(core.primaryRegion !== undefined && {
      MultiRegionConfiguration: multiRegionConfiguration(state, key),
    }),
    ...(deletion?.at !== undefined && { DeletionDate: wireDate(deletion.at) }),
    ...(deletion !== undefined &&
      deletion.at === undefined && {
        PendingDeletionWindowInDays: deletion.windowInDays,
      }),
    ...(currentMaterialId(key) !== undefined && { CurrentKeyMaterialId: currentMaterialId(key) }),
  }
}
