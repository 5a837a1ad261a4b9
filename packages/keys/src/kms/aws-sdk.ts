import { type AwsClientOptions, isSdkClient } from '../aws/client-options.ts'
import { type AwsCommand, type AwsService, awsSender } from '../aws/sender.ts'
import type { KmsCallOptions } from './operations.ts'

type Sdk = typeof import('@aws-sdk/client-kms')

/** KMS as the AWS SDK presents it. */
const kmsService: AwsService<Sdk> = {
  name: 'KMS',
  package: '@aws-sdk/client-kms',
  load: () => import('@aws-sdk/client-kms'),
  clientOf: ({ KMSClient }) => KMSClient,
}

/** `generateDataKey`, for the SDK's `GenerateDataKeyCommand`; and so on. */
type KmsOperationName = OperationOf<keyof Sdk>
type OperationOf<Name> = Name extends `${infer Operation}Command` ? Uncapitalize<Operation> : never

/**
 * The KMS operations that a client given as an option has, or these on the AWS SDK's client.
 *
 * @param names - the operations that are used
 */
export const kmsOperations = <O extends object>(
  options: AwsClientOptions<O>,
  names: readonly (KmsOperationName & keyof O)[],
): O => {
  const { client } = options
  if (client !== undefined && typeof client !== 'function' && !isSdkClient(client)) return client
  const { send, region } = awsSender(options, kmsService)
  const operations = names.map((name) => {
    const command = `${name[0]!.toUpperCase()}${name.slice(1)}Command`
    const operation = (input: object, call: KmsCallOptions) =>
      send((sdk) => new (sdk as unknown as Commands)[command]!(input), call)
    return [name, operation]
  })
  return { ...Object.fromEntries(operations), region }
}

type Commands = Readonly<Record<string, new (input: object) => AwsCommand>>
