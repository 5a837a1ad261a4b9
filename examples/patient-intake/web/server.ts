// One https server: the page, the API behind its gateway, and the stream of what is observed.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Handlers } from '../demo/bundle.ts'
import { watched } from '../demo/invocation.ts'
import { startServices } from '../demo/services.ts'
import { bundlePage, pageHeaders } from './assets.ts'
import { localhostCertificate } from './certificate.ts'
import { hasRoute } from './gateway.ts'
import { createJourney } from './journey.ts'
import { createObservers } from './observers.ts'
import { playgroundHeader, type Seen } from './protocol.ts'
import type { Traffic } from './traffic.ts'

/** How devices send their values. */
export type Shape = 'field' | 'bundle'

/** How to start it. */
export interface PlaygroundOptions {
  /** 0 takes any free one. */
  readonly port: number
  /** Loads the handlers anew, as a function with the environment that is set. */
  readonly loadHandlers: () => Promise<Handlers>
  /** See `bundlePage`. */
  readonly conditions?: readonly string[]
}

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

/** What the gateway takes in: the browser's own headers, and what a gateway adds. */
const trafficOf = async (request: IncomingMessage): Promise<Traffic> => {
  const { [playgroundHeader]: _, connection: __, ...headers } = request.headers
  const text = await bodyOf(request)
  return {
    method: request.method ?? 'GET',
    path: new URL(request.url ?? '/', 'https://localhost').pathname,
    headers: {
      ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
      'x-forwarded-for': request.socket.remoteAddress ?? '',
      'x-forwarded-proto': 'https',
    },
    ...(text && { body: JSON.parse(text) }),
  }
}

/** Runs one piece of work after the other. */
const createQueue = () => {
  let last: Promise<unknown> = Promise.resolve()
  return <T>(work: () => Promise<T>): Promise<T> => {
    const next = last.then(work)
    last = next.catch(() => {})
    return next
  }
}

/** Starts everything; `close` stops it. */
export const startPlayground = async ({ port, loadHandlers, conditions }: PlaygroundOptions) => {
  const certificate = localhostCertificate()
  const observers = createObservers()
  const server = createServer(certificate)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, 'localhost', resolve)
  })
  const origin = `https://localhost:${(server.address() as AddressInfo).port}`

  const services = await startServices()
  Object.assign(process.env, { ORIGINS: origin, AUDIENCE: origin })
  /** The same code deployed twice: a service reads one shape, and answers in it. */
  const deployed = async (shape: Shape) => {
    process.env.SHAPE = shape
    const { handler, publishedKeys } = await loadHandlers()
    return { run: watched(handler, services.kms), publishedKeys }
  }
  const functions = { field: await deployed('field'), bundle: await deployed('bundle') }
  const journey = createJourney(services)
  const inTurn = createQueue()
  const assets = await bundlePage(conditions)

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname, searchParams } = new URL(request.url ?? '/', origin)
    const asset = request.method === 'GET' && assets[pathname]
    if (asset) {
      response.writeHead(200, { ...pageHeaders, 'content-type': asset.type }).end(asset.content)
      return
    }
    if (pathname === '/playground/events') {
      observers.add(searchParams.get('page') ?? '', response)
      return
    }
    const traffic = await trafficOf(request)
    if (pathname === '/.well-known/jwks.json') {
      const { publishedKeys } = functions.field
      const published = await inTurn(() => journey.publish(publishedKeys, traffic))
      response.writeHead(published.status, published.headers).end(published.body)
      return
    }
    if (!hasRoute(traffic)) {
      response.writeHead(404).end()
      return
    }
    const told = String(request.headers[playgroundHeader] ?? '')
    const [page = '', id = '', shape, attack = ''] = told.split(' ')
    const { run } = functions[shape === 'bundle' ? 'bundle' : 'field']
    const tell = (seen: Seen) => observers.tell(page, { ...seen, id })
    const answered = await inTurn(() => journey.travel({ page, attack, run, tell }, traffic))
    response.writeHead(answered.status, answered.headers).end(answered.body)
  }
  server.on('request', (request, response) => {
    answer(request, response).catch(() => {
      if (!response.headersSent) response.writeHead(400)
      response.end()
    })
  })

  return {
    origin,
    caFile: certificate.caFile,
    close: async () => {
      certificate.forget()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await services.close()
    },
  }
}

export type Playground = Awaited<ReturnType<typeof startPlayground>>
