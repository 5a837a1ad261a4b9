/** The actions of AWS KMS in policies, those that the local KMS does not offer included. */
import { isLikePlain } from './pattern.ts'

const actions = `
CancelKeyDeletion ConnectCustomKeyStore CreateAlias CreateCustomKeyStore CreateGrant CreateKey Decrypt DeleteAlias
DeleteCustomKeyStore DeleteImportedKeyMaterial DeriveSharedSecret DescribeCustomKeyStores DescribeKey DisableKey
DisableKeyRotation DisconnectCustomKeyStore EnableKey EnableKeyRotation Encrypt GenerateDataKey GenerateDataKeyPair
GenerateDataKeyPairWithoutPlaintext GenerateDataKeyWithoutPlaintext GenerateMac GenerateRandom GetKeyLastUsage
GetKeyPolicy GetKeyRotationStatus GetParametersForImport GetPublicKey ImportKeyMaterial ListAliases ListGrants
ListKeyPolicies ListKeyRotations ListKeys ListResourceTags ListRetirableGrants PutKeyPolicy ReEncryptFrom ReEncryptTo
ReplicateKey RetireGrant RevokeGrant RotateKeyOnDemand ScheduleKeyDeletion Sign SynchronizeMultiRegionKey TagResource
UntagResource UpdateAlias UpdateCustomKeyStore UpdateKeyDescription UpdatePrimaryRegion Verify VerifyMac
`
  .trim()
  .split(/\s/)
  .map((name) => `kms:${name.toLowerCase()}`)

/** Whether a pattern of actions can match: `*`, those of other services, and those of KMS that exist. */
export const isAction = (pattern: string): boolean => {
  const wanted = pattern.toLowerCase()
  if (!wanted.startsWith('kms:')) return /^(?:\*|[\w*?-]+:.+)$/.test(wanted)
  return actions.some((action) => isLikePlain(action, wanted))
}
