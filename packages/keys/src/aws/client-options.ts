import { optionError } from '@glassine/core'
import { from } from '../errors.ts'
import { flagOption, methodsOption } from '../options.ts'

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

/** The names, for the check against unknown ones. */
export const awsClientOptions = [
  'client',
  'AwsClient',
  'awsClientOptions',
  'awsClientCapture',
  'disablePrefetch',
  'insecureEndpoint',
] as const

/**
 * Refuses client options that cannot be right.
 *
 * @param operations - what a `client` must offer that is none of the SDK's
 * @throws GlassineError `ERR_OPTION_INVALID`
 */
export const checkAwsClientOptions = (
  options: AwsClientOptions<object>,
  operations: readonly string[],
): void => {
  const { client, AwsClient, awsClientOptions, awsClientCapture, disablePrefetch, insecureEndpoint } = options
  flagOption('disablePrefetch', disablePrefetch)
  if (client !== undefined) {
    for (const name of ['AwsClient', 'awsClientOptions', 'awsClientCapture'] as const)
      if (options[name] !== undefined) throw optionError(from, name, 'cannot stand beside `client`')
    if (typeof client !== 'function' && !isSdkClient(client)) {
      methodsOption('client', client, operations)
      if (insecureEndpoint !== undefined)
        throw optionError(from, 'insecureEndpoint', 'has no effect on operations of your own')
    }
  }
  if (AwsClient !== undefined && typeof AwsClient !== 'function')
    throw optionError(from, 'AwsClient', 'must be a class')
  if (awsClientOptions !== undefined && (typeof awsClientOptions !== 'object' || awsClientOptions === null))
    throw optionError(from, 'awsClientOptions', 'must be an object')
  if (awsClientCapture !== undefined && typeof awsClientCapture !== 'function')
    throw optionError(from, 'awsClientCapture', 'must be a function')
  if (insecureEndpoint !== undefined && !isHttpOrigin(insecureEndpoint))
    throw optionError(from, 'insecureEndpoint', 'must be an origin such as `http://127.0.0.1:4566`')
}

/** Whether it is a client of the AWS SDK; the aggregated ones (`KMS`, `DynamoDB`) are too. */
export const isSdkClient = (client: unknown): client is AwsSdkClient =>
  typeof client === 'object' && client !== null && 'middlewareStack' in client && 'send' in client

const isHttpOrigin = (text: unknown): boolean => {
  if (typeof text !== 'string' || !URL.canParse(text)) return false
  const { protocol, origin } = new URL(text)
  return protocol === 'http:' && (text === origin || text === `${origin}/`)
}
