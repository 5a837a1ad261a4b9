// The example on one machine: local services over http, the bundled handler behind endpoints, and a service that calls.
import type { Sealed } from '@glassine/core'
import { messageEnvelope } from '@glassine/message'
import { Patient } from '../src/model.ts'
import type { Handlers } from './bundle.ts'
import { draft, echo } from './careless.ts'
import { startEndpoint } from './endpoint.ts'
import { type Source, sources } from './gateway.ts'
import { parsed, watched } from './invocation.ts'
import { patient } from './patient.ts'
import { readable, startServices } from './services.ts'
import { service, type Traffic, tokenOf } from './traffic.ts'

/** What one invocation looked like from every side. */
export interface Observation {
  readonly status: number
  /** What the gateway passes on, as it passes it on. */
  readonly sent: unknown
  /** What the handler was given; absent when the request was refused before it. */
  readonly seen?: unknown
  /** The row as the table holds it, bytes as base64 in `{ B }`; absent when nothing was stored. */
  readonly stored?: Readonly<Record<string, unknown>>
  /** What the caller gets back: JSON where it is JSON. */
  readonly answered: unknown
  /** The KMS operations that it caused. */
  readonly kmsCalls: readonly string[]
  readonly log: string
}

export const clinic = 'clinic-a'

/** Headers that callers send beside what a format needs. */
export const headersFrom = (caller: string, tenant = clinic): Record<string, string> => ({
  authorization: tokenOf(tenant, caller),
  origin: 'https://app.example.com',
})

/** Starts everything; `close` stops it. `loadHandlers` loads them anew each time, as another function's. */
export const startSandbox = async (loadHandlers: () => Promise<Handlers>) => {
  const services = await startServices()
  const { kms } = services
  const { handler, jwks } = await loadHandlers().catch(async (error) => {
    await services.close()
    throw error
  })
  const run = watched(handler, kms)

  /** The example's stack around another handler. */
  const around = async (mistake: (event: any, context: any) => Promise<unknown>) => {
    const { handler } = await loadHandlers()
    handler.handler(mistake)
    return startEndpoint({ source: 'http-api', run: watched(handler, kms), jwks })
  }
  const endpoints = {
    'http-api': await startEndpoint({ source: 'http-api', run, jwks }),
    rest: await startEndpoint({ source: 'rest', run, jwks }),
    alb: await startEndpoint({ source: 'alb', run, jwks }),
    echo: await around(echo),
    draft: await around(draft),
  }

  // The caller is another service with its own keys: the first invocation's count is the handler's alone.
  const keys = services.newKeys()
  const caller = messageEnvelope({ keys })
  const seal = (fields: new () => Patient = Patient): Promise<Sealed<Patient>> =>
    caller.encrypt(patient, fields, { binding: { tenant: clinic }, use: 'request' })

  return {
    services,
    endpoints,
    seal,
    /** What a service sends to store the patient. */
    request: async (fields?: new () => Patient): Promise<Traffic> => ({
      method: 'POST',
      path: '/patients',
      headers: { ...headersFrom(service), 'content-type': 'application/json' },
      body: await seal(fields),
    }),
    /** Sends such a request through one of the sources that the handler is wired to. */
    observe: async (request: Traffic, source: Exclude<Source, 'alb'> = sources[0]): Promise<Observation> => {
      const { answer, inside } = await endpoints[source].send(request)
      await answer.arrayBuffer()
      if (!inside) throw new Error(`the endpoint answered ${answer.status} without the Lambda`)
      const { response, seen, kmsCalls, log } = inside
      const row = await services.row(clinic, patient.id)
      const stored = row && readable(row)
      return {
        status: response.statusCode,
        sent: request.body,
        seen,
        stored,
        answered: parsed(response.body),
        kmsCalls,
        log,
      }
    },
    close: async () => {
      await Promise.all(Object.values(endpoints).map((endpoint) => endpoint.close()))
      await services.close()
    },
  }
}

export type Sandbox = Awaited<ReturnType<typeof startSandbox>>
/** An endpoint by its name: the sources, and the careless handlers. */
export type EndpointName = keyof Sandbox['endpoints']
