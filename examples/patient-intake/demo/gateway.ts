// In the place of API Gateway: two routes, and an authorizer that takes the caller from the token.
import { type HttpResponse, sampleEvent } from '@glassine/testing'
import { callerOf, service, type Traffic } from './traffic.ts'

/** The event sources that the handler serves. */
export const sources = ['http-api', 'rest'] as const
/** Those, and one that it is not wired to. */
export type Source = (typeof sources)[number] | 'alb'

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

/** What the authorizer adds; there is none behind a load balancer. */
const authorized = (request: Traffic) => {
  const { clinic, caller } = callerOf(request)
  return { tenant: clinic, claims: { sub: caller, client_id: caller === service ? service : 'intake-app' } }
}

/** The event that the gateway makes of a request. */
export const eventOf = (request: Traffic, source: Source = 'http-api') => {
  const { method, path, headers, body } = request
  const { key: routeKey, parameters } = routeOf(request) ?? {}
  const event = sampleEvent(source as 'http-api', {
    method,
    path,
    headers,
    ...(source !== 'alb' && authorized(request)),
    ...(body && { body: JSON.stringify(body) }),
  })
  if (source !== 'http-api') return event
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

/** The response's headers with names in lower case. */
export const headersOf = ({ headers, body }: HttpResponse): Record<string, string> => ({
  ...(body && { 'content-type': 'application/json' }),
  ...Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value])),
})
