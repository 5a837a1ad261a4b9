// Stands in for API Gateway: an HTTP API with two routes and a JWT authorizer.
import { type HttpResponse, sampleEvent } from '@glassine/testing'
import type { Traffic } from './traffic.ts'

const routes = [
  { key: 'POST /patients', path: /^\/patients$/ },
  { key: 'GET /patients/{id}', path: /^\/patients\/(?<id>[^/]+)$/ },
]

const routeOf = ({ method, path }: Traffic) => {
  for (const route of routes) {
    const match = route.path.exec(path)
    if (match && route.key.startsWith(`${method} `)) return { ...route, parameters: match.groups }
  }
  return undefined
}

export const hasRoute = (request: Traffic): boolean => routeOf(request) !== undefined

/** The clinic of a caller: the playground's token is its very name, where a real one is signed. */
export const clinicOf = ({ headers }: Traffic): string =>
  /^Bearer (clinic-[abc])$/.exec(headers.authorization ?? '')?.[1] ?? ''

/** The event that the gateway makes of a request. */
export const eventOf = (request: Traffic) => {
  const { method, path, headers, body } = request
  const { key: routeKey, parameters } = routeOf(request) ?? {}
  const event = sampleEvent('http-api', {
    method,
    path,
    headers,
    tenant: clinicOf(request),
    ...(body && { body: JSON.stringify(body) }),
  })
  return {
    ...event,
    routeKey,
    requestContext: { ...event.requestContext, routeKey },
    ...(parameters && {
      pathParameters: Object.fromEntries(
        Object.entries(parameters).map(([name, value]) => [name, decodeURIComponent(value)]),
      ),
    }),
  }
}

/** The answer's headers with names in lower case. */
export const headersOf = ({ headers, body }: HttpResponse): Record<string, string> => ({
  ...(body && { 'content-type': 'application/json' }),
  ...Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value])),
})
