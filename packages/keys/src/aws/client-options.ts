import { anyFunction, anyObject, flag, hasMethods, methods, type OptionSchema } from '@glassine/core/internal'
import { badOption } from '../errors.ts'

/**
 * The part of an AWS SDK client that is used. Structural, so that our types do not need the SDK, and clients of any
 * copy of it are assignable.
 */
export interface AwsSdkClient {
  readonly config: object
  readonly middlewareStack: object
  send(command: never, options?: { abortSignal?: AbortSignal }): Promise<unknown>
}

/** How calls reach an AWS service. The names are Middy's. `O`: operations that may replace the SDK. */
export interface AwsClientOptions<O = never> {
  /** An SDK client, or a function from Region to client. Default: clients are created here. */
  readonly client?: AwsSdkClient | ((region: string | undefined) => AwsSdkClient) | O
  /** The class of the clients that are created here. Default: the SDK's own. */
  readonly AwsClient?: new (
    options: never,
  ) => AwsSdkClient
  /** Options of the clients that are created here. Default: `maxAttempts` 1, since Glassine retries itself. */
  readonly awsClientOptions?: object
  /**
   * Wraps a client that was created here, for example with X-Ray. Called in the first invocation that needs it.
   * Default: none.
   */
  readonly awsClientCapture?: (client: AwsSdkClient) => AwsSdkClient
  /** `true`: load the AWS SDK at the first call, not at construction. Default `false`. */
  readonly disablePrefetch?: boolean
  /** The one plain `http:` origin that calls may go to, for a local service: `http://127.0.0.1:4566`. Default: none. */
  readonly insecureEndpoint?: string
}

/** @param operations - what a `client` must have if it is not an SDK client */
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
    if (options[name] !== undefined) throw badOption(name, 'cannot be combined with `client`')
  if (insecureEndpoint !== undefined && typeof client !== 'function' && !isSdkClient(client))
    throw badOption('insecureEndpoint', 'has no effect on operations of your own')
}

/** Whether it is an AWS SDK client; so are the aggregated ones (`KMS`, `DynamoDB`). */
export const isSdkClient = (client: unknown): client is AwsSdkClient =>
  typeof client === 'object' && client !== null && 'middlewareStack' in client && 'send' in client

const isHttpOrigin = (text: unknown): boolean => {
  if (typeof text !== 'string' || !URL.canParse(text)) return false
  const { protocol, origin } = new URL(text)
  return protocol === 'http:' && (text === origin || text === `${origin}/`)
}
