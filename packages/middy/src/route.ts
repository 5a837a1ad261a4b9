import { type EventSource, methodOf } from './event-source.ts'
import { own, ownText } from './own.ts'

/**
 * The method and the route template of an HTTP request, `POST /patients/{id}`, as API Gateway writes a route key;
 * where nothing routes by templates, or by `$default`, the path stands in its place. Nothing for other sources.
 *
 * API Gateway sets the template; the path is what the client has sent.
 */
export const routeOf = (event: unknown, source: EventSource): string | undefined => {
  const method = methodOf(event, source)
  const path = templateOf(event, source)
  return method === undefined || path === undefined ? undefined : `${method} ${path}`
}

const templateOf = (event: unknown, source: EventSource): string | undefined => {
  switch (source) {
    case 'rest':
      return ownText(event, 'resource')
    case 'http-api': {
      const key = ownText(event, 'routeKey') ?? ''
      // `GET /patients/{id}`, `ANY /{proxy+}`, `$default`.
      return key.includes(' ') ? key.slice(key.indexOf(' ') + 1) : withoutStage(event)
    }
    case 'function-url':
      return ownText(event, 'rawPath')
    case 'alb':
    case 'lattice-v2':
      return ownText(event, 'path')
    case 'lattice-v1':
      return ownText(event, 'raw_path')?.split('?', 1)[0]
    default:
      return undefined
  }
}

/** An HTTP API puts the name of the stage before the path, but not that of the `$default` stage. */
const withoutStage = (event: unknown): string | undefined => {
  const path = ownText(event, 'rawPath')
  const stage = own(event, 'requestContext', 'stage')
  return typeof stage === 'string' && path?.startsWith(`/${stage}/`) ? path.slice(stage.length + 1) : path
}
