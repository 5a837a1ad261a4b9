import { ownText } from '../own.ts'
import { oneValue, type RequestHeaders } from '../request-headers.ts'

// This machine, a private network, a container's single-label name.
const sam =
  /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\]|0\.0\.0\.0|10(?:\.\d{1,3}){3}|192\.168(?:\.\d{1,3}){2}|172\.(?:1[6-9]|2\d|3[01])(?:\.\d{1,3}){2}|host\.docker\.internal)$/
const localstack = /^(?:[a-z0-9-]+|(?:[a-z0-9-]+\.)*localhost\.localstack\.cloud)$/

/**
 * Whether a plain-http event of a development tool was sent to a host that cannot be on the Internet. It keeps an
 * option that was left on in a deployed stack from opening it.
 */
export const isLocal = (event: unknown, headers: RequestHeaders, tool: 'sam' | 'localstack'): boolean => {
  const hosts = [oneValue(headers, 'host'), ownText(event, 'requestContext', 'domainName')].filter(
    (host) => host !== undefined,
  )
  return (
    hosts.length > 0 && hosts.every((host) => isLocalHost(host.toLowerCase().replace(/:\d{1,5}$/, ''), tool))
  )
}

const isLocalHost = (host: string, tool: 'sam' | 'localstack'): boolean =>
  sam.test(host) || (tool === 'localstack' && localstack.test(host))
