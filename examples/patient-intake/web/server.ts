// One https server: the page, the API behind its gateway, and the stream of what is observed.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { messageEnvelope } from '@glassine/message'
import type { MiddyfiedHandler } from '@middy/core'
import { watched } from '../demo/invocation.ts'
import { startServices } from '../demo/services.ts'
import { Patient } from '../src/model.ts'
import { bundlePage, pageHeaders } from './assets.ts'
import { localhostCertificate } from './certificate.ts'
import { hasRoute } from './gateway.ts'
import { createJourney } from './journey.ts'
import { createObservers } from './observers.ts'
import { playgroundHeader } from './protocol.ts'
import type { Traffic } from './traffic.ts'

/** How to start it. */
export interface PlaygroundOptions {
  /** 0 takes any free one. */
  readonly port: number
  /** Loads the handler, after its environment is set. */
  readonly loadHandler: () => Promise<MiddyfiedHandler>
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

/** Starts everything; `close` stops it. */
export const startPlayground = async ({ port, loadHandler, conditions }: PlaygroundOptions) => {
  const certificate = localhostCertificate()
  const observers = createObservers()
  const server = createServer(certificate, (request, response) => {
    answer(request, response).catch(() => {
      if (!response.headersSent) response.writeHead(400)
      response.end()
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, 'localhost', resolve)
  })
  const origin = `https://localhost:${(server.address() as AddressInfo).port}`

  const services = await startServices()
  process.env.ORIGINS = origin
  const journey = createJourney(services, watched(await loadHandler(), services.kms))
  const caller = messageEnvelope({ keys: services.newKeys() }) as any
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
    const stub = /^\/playground\/(seal|open)$/.exec(pathname)?.[1]
    if (stub) {
      const binding = { tenant: searchParams.get('clinic') ?? '' }
      const value = JSON.parse(await bodyOf(request))
      const result = await caller[stub === 'seal' ? 'encrypt' : 'decrypt'](value, Patient, { binding })
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(result))
      return
    }
    const traffic = await trafficOf(request)
    if (!hasRoute(traffic)) {
      response.writeHead(404).end()
      return
    }
    const [page = '', id = '', attack = ''] = String(request.headers[playgroundHeader] ?? '').split(' ')
    const { status, headers, body } = await journey.travel(page, attack, traffic, (seen) =>
      observers.tell(page, { ...seen, id }),
    )
    response.writeHead(status, headers).end(body)
  }

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
