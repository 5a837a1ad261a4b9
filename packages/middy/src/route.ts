import { type EventSource, methodOf } from './event-source.ts'
import { getOwn, getOwnString } from './event-value.ts'

/**
 * The method and the route template of an HTTP request, as in an API Gateway route key: `POST /patients/{id}`. Without a
 * template, and for `$default`, the path takes its place. `undefined` for other sources.
 *
 * The template is set by API Gateway; the path is sent by the client.
 */
export const routeOf = (event: unknown, source: EventSource): string | undefined => {
  const method = methodOf(event, source)
  const path = templateOf(event, source)
  return method === undefined || path === undefined ? undefined : `${method} ${path}`
}

const templateOf = (event: unknown, source: EventSource): string | undefined => {
  switch (source) {
    case 'rest':
      return getOwnString(event, 'resource')
    case 'http-api': {
      const key = getOwnString(event, 'routeKey') ?? ''
      // `GET /patients/{id}`, `ANY /{proxy+}`, `$default`.
      return key.includes(' ') ? key.slice(key.indexOf(' ') + 1) : withoutStage(event)
    }
    case 'function-url':
      return getOwnString(event, 'rawPath')
    case 'alb':
    case 'lattice-v2':
      return getOwnString(event, 'path')
    case 'lattice-v1':
      return getOwnString(event, 'raw_path')?.split('?', 1)[0]
    default:
      return undefined
  }
}

/** An HTTP API puts the stage's name before the path, except for the stage `$default`. */
const withoutStage = (event: unknown): string | undefined => {
  const path = getOwnString(event, 'rawPath')
  const stage = getOwn(event, 'requestContext', 'stage')
  return typeof stage === 'string' && path?.startsWith(`/${stage}/`) ? path.slice(stage.length + 1) : path
}
