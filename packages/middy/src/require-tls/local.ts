import { getOwnString } from '../own-property.ts'
import { oneValue, type RequestHeaders } from '../request-headers.ts'

// This machine, a private network, or a container's single-label name.
const sam =
  /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\]|0\.0\.0\.0|10(?:\.\d{1,3}){3}|192\.168(?:\.\d{1,3}){2}|172\.(?:1[6-9]|2\d|3[01])(?:\.\d{1,3}){2}|host\.docker\.internal)$/
const localstack = /^(?:[a-z0-9-]+|(?:[a-z0-9-]+\.)*localhost\.localstack\.cloud)$/

/**
 * Whether a development tool's plain-http event was sent to a host that cannot be on the Internet. So the option `local`
 * opens nothing when it is deployed by mistake.
 */
export const isLocal = (event: unknown, headers: RequestHeaders, tool: 'sam' | 'localstack'): boolean => {
  const hosts = [oneValue(headers, 'host'), getOwnString(event, 'requestContext', 'domainName')].filter(
    (host) => host !== undefined,
  )
  return (
    hosts.length > 0 && hosts.every((host) => isLocalHost(host.toLowerCase().replace(/:\d{1,5}$/, ''), tool))
  )
}

const isLocalHost = (host: string, tool: 'sam' | 'localstack'): boolean =>
  sam.test(host) || (tool === 'localstack' && localstack.test(host))
