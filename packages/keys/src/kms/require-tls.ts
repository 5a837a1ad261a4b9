import { fault } from '../errors.ts'

/** The part of the SDK's HTTP request that tells where it goes. */
interface Outgoing {
  readonly protocol?: string
  readonly hostname?: string
  readonly port?: number
}

type Next<A, R> = (args: A) => Promise<R>

/** The guard's place: after everything that could still change the request, signing included. */
export const requireTlsPlace = {
  name: 'glassineRequireTls',
  step: 'finalizeRequest',
  priority: 'low',
  override: true,
} as const

/**
 * A middleware of the AWS SDK's client that lets a request out over https only, or to the one plain http origin
 * that was named. Data keys travel in these requests, and an endpoint can come from a profile or an environment
 * variable (`AWS_ENDPOINT_URL_KMS`) that nobody looks at.
 *
 * It stands on each command and not on the client: a client may be shared by two keyrings of which one
 * is for a local KMS, and the user's own calls are none of our business.
 */
export const requireTls =
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
