import { anyFunction, anyObject, flag, hasMethods, methods, type OptionSchema } from '@glassine/core/internal'
import { badOption } from '../errors.ts'

/**
 * The part of a client of the AWS SDK that is used. Structural, so that our types ask nobody to install the SDK,
 * and so that two copies of it do not quarrel.
 */
export interface AwsSdkClient {
  readonly config: object
  readonly middlewareStack: object
  send(command: never, options?: { abortSignal?: AbortSignal }): Promise<unknown>
}

/** How calls reach a service of AWS; the names are Middy's. `O`: operations that may stand in for the SDK. */
export interface AwsClientOptions<O = never> {
  /** A client of the SDK, or a function from Region to one. Default: clients are made here. */
  readonly client?: AwsSdkClient | ((region: string | undefined) => AwsSdkClient) | O
  /** The class of the clients that are made here; default: the SDK's own. */
  readonly AwsClient?: new (
    options: never,
  ) => AwsSdkClient
  /** Options of the clients that are made here; their `maxAttempts` is 1 unless given, since retries are ours. */
  readonly awsClientOptions?: object
  /** Wraps a client that was made here, for example by X-Ray; called within the invocation that needs it first. */
  readonly awsClientCapture?: (client: AwsSdkClient) => AwsSdkClient
  /** `true`: load the AWS SDK at the first call and not already at construction. Default `false`. */
  readonly disablePrefetch?: boolean
  /** The one plain `http:` origin that calls may go to, for a local service: `http://127.0.0.1:4566`. */
  readonly insecureEndpoint?: string
}

/** @param operations - what a `client` must offer that is none of the SDK's */
export const awsClientSchema = (
  ...operations: readonly string[]
): OptionSchema<AwsClientOptions<object>> => ({
  client: [
    methods(...operations)[0],
    (value) => typeof value === 'function' || isSdkClient(value) || hasMethods(value, operations),
  ],
  AwsClient: ['must be a class', anyFunction[1]],
  awsClientOptions: anyObject,
  awsClientCapture: anyFunction,
  disablePrefetch: flag,
  insecureEndpoint: ['must be an origin such as `http://127.0.0.1:4566`', isHttpOrigin],
})

/**
 * Refuses client options that contradict each other.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`
 */
export const checkAwsClientOptions = (options: AwsClientOptions<object>): void => {
  const { client, insecureEndpoint } = options
  if (client === undefined) return
  for (const name of ['AwsClient', 'awsClientOptions', 'awsClientCapture'] as const)
    if (options[name] !== undefined) throw badOption(name, 'cannot stand beside `client`')
  if (insecureEndpoint !== undefined && typeof client !== 'function' && !isSdkClient(client))
    throw badOption('insecureEndpoint', 'has no effect on operations of your own')
}

/** Whether it is a client of the AWS SDK; the aggregated ones (`KMS`, `DynamoDB`) are too. */
export const isSdkClient = (client: unknown): client is AwsSdkClient =>
  typeof client === 'object' && client !== null && 'middlewareStack' in client && 'send' in client

const isHttpOrigin = (text: unknown): boolean => {
  if (typeof text !== 'string' || !URL.canParse(text)) return false
  const { protocol, origin } = new URL(text)
  return protocol === 'http:' && (text === origin || text === `${origin}/`)
}
