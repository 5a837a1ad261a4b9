/** KeyMetadata, the answer of CreateKey, DescribeKey and ReplicateKey. */
import { abilityOf } from './specs.ts'
import type { KmsKey, KmsState } from './state.ts'

/** Dates on the wire are seconds with a fraction. */
export const wireDate = (at: number): number => at / 1000

/** The one word for a key's state, from what is known about it. */
const keyState = (key: KmsKey): string => {
  if (key.deletion !== undefined) {
    return key.deletion.at === undefined ? 'PendingReplicaDeletion' : 'PendingDeletion'
  }
  if (key.core.origin === 'EXTERNAL') return 'PendingImport'
  return key.enabled ? 'Enabled' : 'Disabled'
}

/** The primary and all replicas, the same from whichever Region it is asked. */
const multiRegionConfiguration = (state: KmsState, key: KmsKey): object => {
  const { core } = key
  const all = state.siblings(key).map(({ arn, region }) => ({ Arn: arn, Region: region }))
  return {
    MultiRegionKeyType: key.region === core.primaryRegion ? 'PRIMARY' : 'REPLICA',
    PrimaryKey: all.find(({ Region }) => Region === core.primaryRegion),
    ReplicaKeys: all.filter(({ Region }) => Region !== core.primaryRegion),
  }
}

/** Whether AWS gives the key an id per generation: symmetric encryption keys with material. */
export const currentMaterialId = ({ core }: KmsKey): string | undefined =>
  core.spec === 'SYMMETRIC_DEFAULT' ? core.materials.at(-1)?.id : undefined

/** The metadata of a key as its Region sees it. */
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
