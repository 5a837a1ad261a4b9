import { badOption, fault } from '../errors.ts'
import type { AwsClientOptions, AwsSdkClient } from './client-options.ts'

/** A command of the SDK; its classes have no common base type with a constructor. */
export interface AwsCommand {
  readonly middlewareStack: object
}

/** An AWS service in the SDK. */
export interface AwsService<Sdk> {
  /** The name in error messages. */
  readonly name: string
  /** The package of `load`, an optional peer. */
  readonly package: string
  readonly load: () => Promise<Sdk>
  readonly clientOf: (sdk: Sdk) => unknown
}

/** Sends commands to one service, with one client for each Region. */
export interface AwsSender<Sdk> {
  /** @param call - Region `undefined`: the client's own */
  send(
    make: (sdk: Sdk) => AwsCommand,
    call: { readonly signal: AbortSignal; readonly region: string | undefined },
  ): Promise<object>
  /** The Region of the default client, if it is known. */
  region(): Promise<string | undefined>
}

/**
 * The AWS SDK behind our narrow interfaces. It is an optional peer and imported only when it is used, since it is most
 * of the import time of a small function. No request leaves over plain http, except to the one origin that is named.
 */
export const awsSender = <Sdk>(
  options: AwsClientOptions<object>,
  service: AwsService<Sdk>,
): AwsSender<Sdk> => {
  const { insecureEndpoint } = options
  const origin = insecureEndpoint === undefined ? undefined : new URL(insecureEndpoint).origin
  const guard = requireHttps(origin, service.name)
  const load = loader(service)
  const clientOf = clientsOf(options, async () => service.clientOf(await load()))
  // Starts while the rest of the function loads. A failure is thrown at the first call.
  if (!options.disablePrefetch) load().catch(() => {})
  return {
    async send(make, { signal, region }) {
      const command = make(await load())
      const stack = command.middlewareStack as { add(middleware: unknown, place: object): void }
      stack.add(guard, requireHttpsPlace)
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

/** For the `catch` of an import that may fail; {@link awsSender} says why it failed. */
export const rethrow = (error: unknown): never => {
  throw error
}

/** Imports the SDK once; retries a failed import at the next call. */
const loader = <Sdk>(service: AwsService<Sdk>): (() => Promise<Sdk>) => {
  let loading: Promise<Sdk> | undefined
  return () => {
    loading ??= service.load().catch((error: unknown) => {
      loading = undefined
      // Not installed, or installed and broken by a bundler: the loader of modules tells which, in words of code only.
      const [why] = String(error).split('\n', 1)
      throw badOption('client', `must be given, or \`${service.package}\` be installed: ${why}`)
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
    // One attempt per attempt of ours: two layers of retries multiply, and the inner one does not know the deadline.
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

/** The destination in the SDK's HTTP request. */
interface Outgoing {
  readonly protocol?: string
  readonly hostname?: string
  readonly port?: number
}

type Next<A, R> = (args: A) => Promise<R>

/** The guard's place: after everything that could change the request, including signing. */
const requireHttpsPlace = {
  name: 'glassineRequireHttps',
  step: 'finalizeRequest',
  priority: 'low',
  override: true,
} as const

/**
 * An SDK middleware that lets requests out over https only, or to the one plain http origin that is named. These
 * requests carry data keys, and the endpoint may come from a forgotten profile or environment variable
 * (`AWS_ENDPOINT_URL_KMS`).
 *
 * It is added to each command, not to the client: two keyrings may share a client, one of them for a local KMS, and the
 * user's own calls must not be affected.
 */
const requireHttps =
  (insecureOrigin: string | undefined, service = 'KMS') =>
  <A extends { request: unknown }, R>(next: Next<A, R>): Next<A, R> =>
  async (args) => {
    const { protocol, hostname, port } = args.request as Outgoing
    if (
      protocol !== 'https:' &&
      !isNamed(`${protocol}//${hostname}${port ? `:${port}` : ''}`, insecureOrigin)
    )
      throw fault('ERR_TLS_REQUIRED', {
        statusCode: 500,
        message: `The endpoint of ${service} is not https, and \`insecureEndpoint\` does not name it`,
        option: 'insecureEndpoint',
      })
    return next(args)
  }

const isNamed = (text: string, origin: string | undefined): boolean =>
  origin !== undefined && URL.canParse(text) && new URL(text).origin === origin
