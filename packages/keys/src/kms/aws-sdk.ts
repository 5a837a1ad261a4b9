import { type AwsService, awsSender } from '../aws/sender.ts'
import type { KmsOperations } from './operations.ts'
import type { KmsKeyringOptions } from './options.ts'

/** KMS as the AWS SDK presents it. */
export const kmsService: AwsService<typeof import('@aws-sdk/client-kms')> = {
  name: 'KMS',
  package: '@aws-sdk/client-kms',
  load: () => import('@aws-sdk/client-kms'),
  clientOf: ({ KMSClient }) => KMSClient,
}

/** The KMS operations of a keyring on the AWS SDK's client. */
export const sdkOperations = (options: KmsKeyringOptions): KmsOperations => {
  const { send, region } = awsSender(options, kmsService)
  return {
    generateDataKey: (input, call) =>
      send((sdk) => new sdk.GenerateDataKeyCommand({ ...input, GrantTokens: tokens(input) }), call),
    encrypt: (input, call) =>
      send((sdk) => new sdk.EncryptCommand({ ...input, GrantTokens: tokens(input) }), call),
    decrypt: (input, call) =>
      send((sdk) => new sdk.DecryptCommand({ ...input, GrantTokens: tokens(input) }), call),
    region,
  }
}

/** The SDK's types want an array of their own. */
export const tokens = ({ GrantTokens }: { readonly GrantTokens?: readonly string[] }) =>
  GrantTokens && [...GrantTokens]
