// One https server: the page, the API behind its gateway, and the stream of what is observed.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Handlers } from '../demo/bundle.ts'
import { draft, echo } from '../demo/careless.ts'
import { trafficOf } from '../demo/endpoint.ts'
import { hasRoute } from '../demo/gateway.ts'
import { watched } from '../demo/invocation.ts'
import { startServices } from '../demo/services.ts'
import { bundlePage, pageHeaders } from './assets.ts'
import { localhostCertificate } from './certificate.ts'
import { createJourney, type HandlerName } from './journey.ts'
import { createObservers } from './observers.ts'
import { playgroundHeader, type Seen } from './protocol.ts'

const careless = { echo, draft }

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
  const deploy = async (shape: Shape, name: HandlerName) => {
    process.env.SHAPE = shape
    const { handler, jwks } = await loadHandlers()
    if (name !== 'example') handler.handler(careless[name])
    return { run: watched(handler, services.kms), jwks }
  }
  const functions = new Map<string, ReturnType<typeof deploy>>()
  /**
   * The same code deployed for each shape, since a service answers in the one that it reads, and around each handler.
   */
  const deployed = (shape: Shape, name: HandlerName = 'example') => {
    const id = `${shape} ${name}`
    const known = functions.get(id) ?? deploy(shape, name)
    functions.set(id, known)
    return known
  }
  await deployed('field')
  await deployed('bundle')
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
    const told = String(request.headers[playgroundHeader] ?? '')
    delete request.headers[playgroundHeader]
    const traffic = await trafficOf(request, 'https')
    if (pathname === '/.well-known/jwks.json') {
      const { jwks } = await deployed('field')
      const published = await inTurn(() => journey.publish(jwks, traffic))
      response.writeHead(published.status, published.headers).end(published.body)
      return
    }
    if (!hasRoute(traffic)) {
      response.writeHead(404).end()
      return
    }
    const [page = '', id = '', shape, attack = ''] = told.split(' ')
    const run = async (name: HandlerName) =>
      (await deployed(shape === 'bundle' ? 'bundle' : 'field', name)).run
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
