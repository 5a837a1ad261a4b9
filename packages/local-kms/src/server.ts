/** HTTP(S): reads a request, checks where it was sent and who signed it, and writes the response or the fault. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, isIP } from 'node:net'
import type { Dispatch, KmsOutcome } from './dispatch.ts'
import { KmsError } from './errors.ts'
import { type SignatureCheck, verifyRequest } from './sigv4.ts'

const contentType = 'application/x-amz-json-1.1'

const targetPrefix = 'TrentService.'

/** Bytes of a request's body. The largest request of KMS carries a policy of 128 KiB. */
const maxBody = 1024 * 1024

const html = '<html>\r\n<head><title>503 Service Temporarily Unavailable</title></head>\r\n</html>\r\n'

/** Counts while it reads: the declared length may be wrong. */
const readBody = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > maxBody) {
      throw new KmsError('RequestEntityTooLargeException', 'Request body is too large', 413)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** @throws `SerializationException` without a message, as AWS answers a body that is not JSON */
const decodeBody = (body: Buffer): unknown => {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    throw new KmsError('SerializationException')
  }
}

/** Bytes become base64; members that are `undefined` are left out. */
const wireValue = (value: unknown): unknown => {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (Array.isArray(value)) return value.map(wireValue)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, wireValue(member)]))
}

/** Operations without output have no body. */
const encodeBody = (output: object | undefined): string =>
  output === undefined ? '' : JSON.stringify(wireValue(output))

const send = (response: ServerResponse, status: number, body: string, requestId?: string): void => {
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    ...(requestId !== undefined && { 'x-amzn-requestid': requestId }),
  })
  response.end(body)
}

/** `message` is left out, not empty, where AWS leaves it out. */
const sendError = (response: ServerResponse, { type, text, status }: KmsError, requestId?: string): void =>
  send(response, status, JSON.stringify({ __type: type, message: text }), requestId)

/** Transport faults come first, because they replace every response. */
const sendOutcome = (request: IncomingMessage, response: ServerResponse, outcome: KmsOutcome): void => {
  const { requestId, output, error, fault } = outcome
  if (fault === 'hang') return
  if (fault === 'reset') {
    request.socket.resetAndDestroy()
  } else if (fault === 'html') {
    response.writeHead(503, { 'content-type': 'text/html' }).end(html)
  } else if (error !== undefined) {
    sendError(response, error, requestId)
  } else {
    const body = encodeBody(output)
    // A complete HTTP message with half a body, as a proxy sends when its upstream connection breaks.
    send(response, 200, fault === 'truncated' ? body.slice(0, body.length >> 1) : body, requestId)
  }
}

/** Top-level domains that cannot be registered: containers, local networks, tests. */
const privateDomain = /\.(?:internal|local|localhost|test)$/

/**
 * Refuses requests that a web page sends under its own domain, which resolves to this machine (DNS rebinding).
 * Addresses, names without a dot and private domains cannot be such a domain.
 */
const checkHost = (header: string | undefined, allowed: ReadonlySet<string>): void => {
  const host = (header ?? '').toLowerCase().replace(/:\d+$/, '')
  const name = host.replace(/^\[(.*)\]$/, '$1')
  if (isIP(name) || !name.includes('.') || privateDomain.test(name) || allowed.has(name)) return
  throw new KmsError(
    'MisdirectedRequestException',
    `The local KMS is not called ${name}. Allow the name with allowedHosts or --allow-host.`,
    421,
  )
}

/** What the server needs; it knows nothing about keys. */
export interface ServerOptions {
  readonly host: string
  readonly port: number
  readonly dispatch: Dispatch
  /** PEM of certificate and key; without it, plain HTTP. */
  readonly tls?: { readonly cert: string; readonly key: string }
  /** Names in the `Host` header that are accepted besides those that cannot be public domains. */
  readonly allowedHosts: ReadonlySet<string>
  readonly signatures: SignatureCheck
}

/** The signature is checked first: an unsigned request learns nothing, not even which operations exist. */
const serve = async (
  request: IncomingMessage,
  response: ServerResponse,
  { dispatch, allowedHosts, signatures }: ServerOptions,
): Promise<void> => {
  try {
    checkHost(request.headers.host, allowedHosts)
    // For health checks of containers; everything else is KMS.
    if (request.method === 'GET' && request.url === '/ping') {
      response.writeHead(200, { 'content-type': 'text/plain' }).end('healthy')
      return
    }
    const body = await readBody(request)
    const target = request.headers['x-amz-target']
    if (
      request.method !== 'POST' ||
      request.url !== '/' ||
      typeof target !== 'string' ||
      !target.startsWith(targetPrefix)
    ) {
      throw new KmsError('UnknownOperationException', undefined, 404)
    }
    const { principal, region } = verifyRequest({ headers: request.headersDistinct, body }, signatures)
    const outcome = await dispatch({
      operation: target.slice(targetPrefix.length),
      region,
      principal,
      input: () => decodeBody(body),
    })
    sendOutcome(request, response, outcome)
  } catch (thrown) {
    if (thrown instanceof KmsError) sendError(response, thrown)
    // The client disconnected during its request.
    else request.socket.destroy()
  }
}

/** A listening server. */
export interface RunningServer {
  readonly port: number
  /** Keeps the process running while the server listens. */
  ref(): void
  close(): Promise<void>
}

/** Listens, which keeps no process running by itself; rejects when the address is taken or unknown. */
export const listen = (options: ServerOptions): Promise<RunningServer> => {
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    void serve(request, response, options)
  }
  const server: Server = options.tls ? createTlsServer(options.tls, listener) : createServer(listener)
  // Clients of this process are kept running by their own sockets.
  server.unref().on('connection', (socket) => socket.unref())
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, options.host, () => {
      server.off('error', reject)
      resolve({
        port: (server.address() as AddressInfo).port,
        ref: () => void server.ref(),
        close: () =>
          new Promise((closed, failed) => {
            server.close((error) => (error ? failed(error) : closed()))
            // Hanging calls and kept-alive sockets would keep the server open.
            server.closeAllConnections()
          }),
      })
    })
  })
}
