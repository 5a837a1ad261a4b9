// The example on one machine: local services over http, the bundled handler, and a caller that seals its requests.
import type { Sealed } from '@glassine/core'
import { messageEnvelope } from '@glassine/message'
import { sampleEvent } from '@glassine/testing'
import { Patient } from '../src/model.ts'
import { bundleHandler, loadHandlers } from './bundle.ts'
import { parsed, watched } from './invocation.ts'
import { patient } from './patient.ts'
import { readable, startServices } from './services.ts'

/** The event sources that the handler serves. */
export const sources = ['http-api', 'rest', 'function-url', 'alb'] as const
export type Source = (typeof sources)[number]

/** One request to the sandbox; what is left out is honest. */
export interface EventOptions {
  readonly body: unknown
  readonly source?: Source
  readonly tenant?: string
  readonly proto?: 'https' | 'http'
  readonly origin?: string
}

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
  /** The stable code of the error, when there was one. */
  readonly code?: string
  /** The KMS operations that it caused. */
  readonly kmsCalls: readonly string[]
  readonly log: string
}

/** Starts everything; `close` stops it. */
export const startSandbox = async () => {
  const services = await startServices()
  const { kms } = services
  const bundle = await bundleHandler()
  const { handler } = await loadHandlers(bundle.file)
  const run = watched(handler, kms)

  // The caller is another service with its own keys: the first invocation's count is the handler's alone.
  const caller = messageEnvelope({ keys: services.newKeys() })

  return {
    kms,
    bundle,
    seal: (tenant = 'clinic-a'): Promise<Sealed<Patient>> =>
      caller.encrypt(patient, Patient, { binding: { tenant } }),
    open: (sealed: Sealed<Patient>, tenant = 'clinic-a'): Promise<Patient> =>
      caller.decrypt(sealed, Patient, { binding: { tenant } }),
    call: async ({
      body,
      source = 'http-api',
      tenant = 'clinic-a',
      proto,
      origin,
    }: EventOptions): Promise<Observation> => {
      const event = sampleEvent(source, {
        method: 'POST',
        path: '/patients',
        body,
        proto,
        origin: origin ?? 'https://app.example.com',
        tenant,
      })
      const { response, seen, code, kmsCalls, log } = await run(event)
      const status = response.statusCode
      const row = status === 201 ? await services.row(tenant, patient.id) : undefined
      const stored = row && readable(row)
      return { status, sent: body, seen, stored, answered: parsed(response.body), code, kmsCalls, log }
    },
    close: () => services.close(),
  }
}

export type Sandbox = Awaited<ReturnType<typeof startSandbox>>
