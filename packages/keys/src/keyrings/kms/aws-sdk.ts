import { optionError } from '@glassine/core'
import { from } from '../../errors.ts'
import type { KmsCallOptions, KmsOperations } from './operations.ts'
import type { KmsKeyringOptions } from './options.ts'
import { requireTls, requireTlsPlace } from './require-tls.ts'

/**
 * The part of `KMSClient` of `@aws-sdk/client-kms` that is used. Structural, so that our types ask nobody to
 * install the SDK, and so that two copies of it do not quarrel.
 */
export interface KmsSdkClient {
  readonly config: object
  readonly middlewareStack: object
  send(command: never, options?: { abortSignal?: AbortSignal }): Promise<unknown>
}

type Sdk = typeof import('@aws-sdk/client-kms')
/** A command of the SDK; its three classes have no common type that could be called. */
interface Command {
  readonly middlewareStack: object
}

/**
 * The KMS operations on the AWS SDK's client, one client for each Region. The SDK is an optional peer and is
 * imported only here, only when a keyring uses it: it is three quarters of the import time of a small function.
 */
export const sdkOperations = (options: KmsKeyringOptions): KmsOperations => {
  const { insecureEndpoint } = options
  const guard = requireTls(insecureEndpoint === undefined ? undefined : new URL(insecureEndpoint).origin)
  const load = sdkLoader()
  const clientOf = clientsOf(options, load)
  // Begun while the rest of the function starts. A failure is told at the first call.
  if (!options.disablePrefetch) load().catch(() => {})

  const send = async (make: (sdk: Sdk) => Command, { signal, region }: KmsCallOptions) => {
    const command = make(await load())
    const stack = command.middlewareStack as { add(middleware: unknown, place: object): void }
    stack.add(guard, requireTlsPlace)
    const client = await clientOf(region)
    return (await client.send(command as never, { abortSignal: signal })) as object
  }

  return {
    generateDataKey: (input, call) =>
      send((sdk) => new sdk.GenerateDataKeyCommand({ ...input, GrantTokens: tokens(input) }), call),
    encrypt: (input, call) =>
      send((sdk) => new sdk.EncryptCommand({ ...input, GrantTokens: tokens(input) }), call),
    decrypt: (input, call) =>
      send((sdk) => new sdk.DecryptCommand({ ...input, GrantTokens: tokens(input) }), call),
    async region() {
      const { region } = (await clientOf(undefined)).config as { region?: unknown }
      const name: unknown = typeof region === 'function' ? await region() : region
      return typeof name === 'string' ? name : undefined
    },
  }
}

const tokens = ({ GrantTokens }: { readonly GrantTokens?: readonly string[] }) =>
  GrantTokens && [...GrantTokens]

/** Imports the SDK once; a failed import is tried again at the next call. */
const sdkLoader = (): (() => Promise<Sdk>) => {
  let loading: Promise<Sdk> | undefined
  return () => {
    loading ??= import('@aws-sdk/client-kms').catch(() => {
      loading = undefined
      throw optionError(from, 'client', 'must be given, or `@aws-sdk/client-kms` be installed')
    })
    return loading
  }
}

type ClientOf = (region: string | undefined) => Promise<KmsSdkClient>

const clientsOf = (options: KmsKeyringOptions, load: () => Promise<Sdk>): ClientOf => {
  const { client, AwsClient, awsClientOptions, awsClientCapture } = options
  if (client !== undefined && typeof client !== 'function') return async () => client as KmsSdkClient
  const create: ClientOf = async (region) => {
    if (client !== undefined) return client(region)
    const Client = (AwsClient ?? (await load()).KMSClient) as new (options: object) => KmsSdkClient
    // One attempt for each of ours: two layers of retries multiply, and the inner one knows no deadline.
    const made = new Client({ maxAttempts: 1, ...awsClientOptions, ...(region !== undefined && { region }) })
    return awsClientCapture ? awsClientCapture(made) : made
  }
  const clients = new Map<string | undefined, Promise<KmsSdkClient>>()
  return (region) => {
    let made = clients.get(region)
    if (made === undefined) {
      made = create(region)
      clients.set(region, made)
      made.catch(() => clients.delete(region))
    }
    return made
  }
}
