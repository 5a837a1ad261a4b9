// Where requests arrive over HTTP: a server on this machine, with the gateway behind it.
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { invoke, type LambdaHandler } from '@glassine/testing'
import { eventOf, headersOf, type Source } from './gateway.ts'
import type { Invocation } from './invocation.ts'
import type { Traffic } from './traffic.ts'

const maxBodyBytes = 1_000_000

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request) {
    bytes += chunk.length
    if (bytes > maxBodyBytes) throw new Error('the body is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** What the gateway takes in: the caller's own headers, and what a gateway adds. */
export const trafficOf = async (request: IncomingMessage, proto: 'https' | 'http'): Promise<Traffic> => {
  const { connection: _, ...headers } = request.headers
  const text = await bodyOf(request)
  return {
    method: request.method ?? 'GET',
    path: new URL(request.url ?? '/', 'https://localhost').pathname,
    headers: {
      ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
      'x-forwarded-for': request.socket.remoteAddress ?? '',
      'x-forwarded-proto': proto,
    },
    ...(text && { body: JSON.parse(text) }),
  }
}

/** What answers at an endpoint. */
interface Behind {
  readonly source: Source
  /** The Lambda. */
  readonly run: (event: unknown) => Promise<Invocation>
  /** The Lambda that publishes the keys. */
  readonly jwks: LambdaHandler
}

/** A request that was answered. */
export interface Sent {
  readonly answer: Response
  readonly inside?: Invocation
}

/** Starts an endpoint on any free port; the caller closes it. A gateway ends TLS; the load balancer here has none. */
export const startEndpoint = async ({ source, run, jwks }: Behind) => {
  let last: Invocation | undefined
  const answer = async (request: IncomingMessage) => {
    const traffic = await trafficOf(request, source === 'alb' ? 'http' : 'https')
    if (traffic.path === '/.well-known/jwks.json') return invoke(jwks, eventOf(traffic))
    last = await run(eventOf(traffic, source))
    return last.response
  }
  const server = createServer((request, response) => {
    answer(request).then(
      (answered) => response.writeHead(answered.statusCode, headersOf(answered)).end(answered.body),
      () => response.writeHead(500).end(),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    /** Sends a request; `inside` is what the Lambda did with it, absent where it was not called. */
    send: async ({ method, path, headers, body }: Traffic): Promise<Sent> => {
      last = undefined
      const answer = await fetch(url + path, { method, headers, body: body && JSON.stringify(body) })
      return { answer, inside: last }
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
