import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** How an invocation ended, as Lambda would report it to the caller. */
export interface Outcome {
  /** The body of the response: JSON, or the bytes of a stream as text. */
  readonly body?: string
  /** The handler's error as the runtime reported it; for a stream, what ended it after its first byte. */
  readonly error?: { readonly errorType: string; readonly errorMessage: string }
  /** The deadline passed, and the environment was killed. */
  readonly killed?: true
  /** From the event's delivery to the response, in ms. */
  readonly ms: number
}

interface Invocation {
  readonly id: string
  readonly event: string
  readonly timeout: number
  deliveredAt: number
  readonly settle: (outcome: Omit<Outcome, 'ms'>) => void
}

/** The Runtime API of one environment (Lambda Developer Guide, "Using the Lambda runtime API"). */
export interface RuntimeApi {
  readonly address: string
  /** Delivers an event to the next environment that asks. */
  invoke(event: unknown, timeout: number): { readonly id: string; readonly outcome: Promise<Outcome> }
  /** Ends the invocations that were delivered but not answered. */
  abandon(outcome: Omit<Outcome, 'ms'>): void
  /** Resolves when the runtime asks for an event, or has reported why it cannot start. */
  readonly idle: () => Promise<void>
  close(): Promise<void>
}

const root = '/2018-06-01/runtime'

/** @param functionArn - of the function that is invoked */
export const startRuntimeApi = async (functionArn: string): Promise<RuntimeApi> => {
  const queue: Invocation[] = []
  const asking: ServerResponse[] = []
  const delivered = new Map<string, Invocation>()
  let waiting: (() => void)[] = []
  let initError: Outcome['error']

  const deliver = () => {
    while (queue.length > 0 && asking.length > 0) {
      const invocation = queue.shift()!
      const response = asking.shift()!
      invocation.deliveredAt = Date.now()
      delivered.set(invocation.id, invocation)
      response.writeHead(200, {
        'content-type': 'application/json',
        'lambda-runtime-aws-request-id': invocation.id,
        'lambda-runtime-deadline-ms': String(Date.now() + invocation.timeout),
        'lambda-runtime-invoked-function-arn': functionArn,
        'lambda-runtime-trace-id': 'Root=1-00000000-000000000000000000000000;Sampled=0',
      })
      response.end(invocation.event)
    }
  }

  const settle = (id: string, outcome: Omit<Outcome, 'ms'>) => {
    const invocation = delivered.get(id)
    delivered.delete(id)
    invocation?.settle(outcome)
  }

  const server = createServer(async (request, response) => {
    const { url = '', method } = request
    if (method === 'GET' && url === `${root}/invocation/next`) {
      asking.push(response)
      for (const resolve of waiting) resolve()
      waiting = []
      deliver()
      return
    }
    const body = await text(request)
    const [, id = '', kind] = /\/invocation\/([^/]+)\/(response|error)$/.exec(url) ?? []
    if (kind === 'response') settle(id, { body, ...streamError(request) })
    else if (kind === 'error') settle(id, { error: JSON.parse(body) })
    else if (url === `${root}/init/error`) {
      initError = JSON.parse(body)
      for (const resolve of waiting) resolve()
      waiting = []
      for (const { settle } of queue.splice(0)) settle({ error: initError })
    }
    response.writeHead(202, { 'content-type': 'application/json' }).end('{"status":"OK"}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    invoke(event, timeout) {
      const id = randomUUID()
      const outcome = new Promise<Outcome>((resolve) => {
        const invocation: Invocation = {
          id,
          event: JSON.stringify(event),
          timeout,
          deliveredAt: Date.now(),
          settle: (outcome) => resolve({ ...outcome, ms: Date.now() - invocation.deliveredAt }),
        }
        queue.push(invocation)
        deliver()
      })
      return { id, outcome }
    },
    abandon(outcome) {
      for (const id of [...delivered.keys()]) settle(id, outcome)
      for (const response of asking.splice(0)) response.destroy()
    },
    idle: () =>
      asking.length > 0 || initError !== undefined
        ? Promise.resolve()
        : new Promise((resolve) => waiting.push(resolve)),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const text = async (request: IncomingMessage): Promise<string> => {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return Buffer.concat(parts).toString('utf8')
}

/** A stream that fails after its first byte reports it in trailers. */
const streamError = ({ trailers }: IncomingMessage): Pick<Outcome, 'error'> => {
  const body = trailers['lambda-runtime-function-error-body']
  return typeof body === 'string' ? { error: JSON.parse(Buffer.from(body, 'base64').toString('utf8')) } : {}
}
