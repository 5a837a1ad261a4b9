import { badOption } from '../errors.ts'
import { requireTls, requireTlsPlace } from '../kms/require-tls.ts'
import type { AwsClientOptions, AwsSdkClient } from './client-options.ts'

/** A command of the SDK; its classes have no common type that could be called. */
export interface AwsCommand {
  readonly middlewareStack: object
}

/** A service of AWS as its SDK presents it. */
export interface AwsService<Sdk> {
  /** As errors name it. */
  readonly name: string
  /** The package of `load`, an optional peer. */
  readonly package: string
  readonly load: () => Promise<Sdk>
  readonly clientOf: (sdk: Sdk) => unknown
}

/** Sends commands to one service, with one client for each Region. */
export interface AwsSender<Sdk> {
  /** @param call - the Region is `undefined` where the client's own serves */
  send(
    make: (sdk: Sdk) => AwsCommand,
    call: { readonly signal: AbortSignal; readonly region: string | undefined },
  ): Promise<object>
  /** The Region of the client that is used where none is named, if it is known. */
  region(): Promise<string | undefined>
}

/**
 * The AWS SDK behind our narrow interfaces. It is an optional peer, imported only when it is used: it is most of
 * the import time of a small function. No request leaves over plain http, but to the one origin that is named.
 */
export const awsSender = <Sdk>(
  options: AwsClientOptions<object>,
  service: AwsService<Sdk>,
): AwsSender<Sdk> => {
  const { insecureEndpoint } = options
  const origin = insecureEndpoint === undefined ? undefined : new URL(insecureEndpoint).origin
  const guard = requireTls(origin, service.name)
  const load = loader(service)
  const clientOf = clientsOf(options, async () => service.clientOf(await load()))
  // Begun while the rest of the function starts. A failure is told at the first call.
  if (!options.disablePrefetch) load().catch(() => {})
  return {
    async send(make, { signal, region }) {
      const command = make(await load())
      const stack = command.middlewareStack as { add(middleware: unknown, place: object): void }
      stack.add(guard, requireTlsPlace)
      const client = await clientOf(region)
      return (await client.send(command as never, { abortSignal: signal })) as object
    },
    async region() {
      const { region } = (await clientOf(undefined)).config as { region?: unknown }
      const name: unknown = typeof region === 'function' ? await region() : region
      return typeof name === 'string' ? name : undefined
    },
  }
}

/** Imports the SDK once; a failed import is tried again at the next call. */
const loader = <Sdk>(service: AwsService<Sdk>): (() => Promise<Sdk>) => {
  let loading: Promise<Sdk> | undefined
  return () => {
    loading ??= service.load().catch(() => {
      loading = undefined
      throw badOption('client', `must be given, or \`${service.package}\` be installed`)
    })
    return loading
  }
}

type ClientOf = (region: string | undefined) => Promise<AwsSdkClient>

const clientsOf = (options: AwsClientOptions<object>, defaultClass: () => Promise<unknown>): ClientOf => {
  const { client, AwsClient, awsClientOptions, awsClientCapture } = options
  if (client !== undefined && typeof client !== 'function') return async () => client as AwsSdkClient
  const create: ClientOf = async (region) => {
    if (client !== undefined) return (client as (region: string | undefined) => AwsSdkClient)(region)
    const Client = (AwsClient ?? (await defaultClass())) as new (options: object) => AwsSdkClient
    // One attempt for each of ours: two layers of retries multiply, and the inner one knows no deadline.
    const made = new Client({ maxAttempts: 1, ...awsClientOptions, ...(region !== undefined && { region }) })
    return awsClientCapture ? awsClientCapture(made) : made
  }
  const clients = new Map<string | undefined, Promise<AwsSdkClient>>()
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
