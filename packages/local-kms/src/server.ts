/** HTTP(S): reads a request, hands it to the dispatcher, and writes the answer or the fault. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Dispatch, KmsAnswer } from './dispatch.ts'
import { KmsError } from './errors.ts'
import { contentType, decodeBody, encodeBody, encodeError, readScope, targetPrefix } from './wire.ts'

/** Bytes of a request's body. The largest request of KMS carries a policy of 128 KiB. */
const maxBody = 1024 * 1024

const html = '<html>\r\n<head><title>503 Service Temporarily Unavailable</title></head>\r\n</html>\r\n'

/** Counts while it reads: a declared length is only a promise. */
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

const send = (response: ServerResponse, status: number, body: string, requestId?: string): void => {
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    ...(requestId !== undefined && { 'x-amzn-requestid': requestId }),
  })
  response.end(body)
}

const sendError = (response: ServerResponse, error: KmsError, requestId?: string): void =>
  send(response, error.status, encodeError(error), requestId)

/** Faults of the transport come first, since they replace an answer, right or wrong. */
const sendAnswer = (request: IncomingMessage, response: ServerResponse, answer: KmsAnswer): void => {
  const { requestId, output, error, fault } = answer
  if (fault === 'hang') return
  if (fault === 'reset') {
    request.socket.resetAndDestroy()
  } else if (fault === 'html') {
    response.writeHead(503, { 'content-type': 'text/html' }).end(html)
  } else if (error !== undefined) {
    sendError(response, error, requestId)
  } else {
    const body = encodeBody(output)
    // A whole HTTP message with half a body: what a proxy leaves of an answer that broke off behind it.
    send(response, 200, fault === 'truncated' ? body.slice(0, body.length >> 1) : body, requestId)
  }
}

/** What the server is given; it knows nothing of keys. */
export interface ServerOptions {
  readonly host: string
  readonly port: number
  readonly dispatch: Dispatch
  /** PEM of certificate and key; without it, plain HTTP. */
  readonly tls?: { readonly cert: string; readonly key: string }
  /** The ARN behind an access key id. */
  readonly principalOf: (accessKeyId: string) => string
}

/** Signature before operation: an unsigned request learns nothing, not even which operations there are. */
const serve = async (
  request: IncomingMessage,
  response: ServerResponse,
  { dispatch, principalOf }: ServerOptions,
): Promise<void> => {
  try {
    const body = await readBody(request)
    const target = request.headers['x-amz-target']
    if (request.method !== 'POST' || typeof target !== 'string' || !target.startsWith(targetPrefix)) {
      throw new KmsError('UnknownOperationException', undefined, 404)
    }
    const { accessKeyId, region } = readScope(request.headers.authorization)
    const answer = await dispatch({
      operation: target.slice(targetPrefix.length),
      region,
      principal: principalOf(accessKeyId),
      input: () => decodeBody(body),
    })
    sendAnswer(request, response, answer)
  } catch (thrown) {
    if (thrown instanceof KmsError) sendError(response, thrown)
    // The client went away in the middle of its request.
    else request.socket.destroy()
  }
}

/** A server that listens. */
export interface RunningServer {
  readonly port: number
  close(): Promise<void>
}

/** Listens, and rejects when the address cannot be had. */
export const listen = (options: ServerOptions): Promise<RunningServer> => {
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    void serve(request, response, options)
  }
  const server: Server = options.tls ? createTlsServer(options.tls, listener) : createServer(listener)
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, options.host, () => {
      server.off('error', reject)
      resolve({
        port: (server.address() as AddressInfo).port,
        close: () =>
          new Promise((closed, failed) => {
            server.close((error) => (error ? failed(error) : closed()))
            // Hanging calls and kept-alive sockets would hold the server open.
            server.closeAllConnections()
          }),
      })
    })
  })
}
