import { type AwsCommand, type AwsSender, type AwsService, awsSender } from '../aws/sender.ts'
import type { KmsCallOptions, KmsOperations } from './operations.ts'
import type { KmsKeyringOptions } from './options.ts'

/** KMS as the AWS SDK presents it. */
export const kmsService: AwsService<typeof import('@aws-sdk/client-kms')> = {
  name: 'KMS',
  package: '@aws-sdk/client-kms',
  load: () => import('@aws-sdk/client-kms'),
  clientOf: ({ KMSClient }) => KMSClient,
}

/** Makes an operation of a sender out of a class of commands. */
export const operationOf =
  <Sdk>({ send }: AwsSender<Sdk>) =>
  (command: (sdk: Sdk) => new (input: never) => AwsCommand) =>
  (input: object, call: KmsCallOptions): Promise<object> =>
    send((sdk) => new (command(sdk))(input as never), call)

/** The KMS operations of a keyring on the AWS SDK's client. */
export const sdkOperations = (options: KmsKeyringOptions): KmsOperations => {
  const sender = awsSender(options, kmsService)
  const operation = operationOf(sender)
  return {
    generateDataKey: operation((sdk) => sdk.GenerateDataKeyCommand),
    encrypt: operation((sdk) => sdk.EncryptCommand),
    decrypt: operation((sdk) => sdk.DecryptCommand),
    region: sender.region,
  }
}
