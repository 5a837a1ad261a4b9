// The example on one machine: local services over http, the bundled handler, and a caller that seals its requests.
import { pathToFileURL } from 'node:url'
import type { Sealed } from '@glassine/core'
import { messageEnvelope } from '@glassine/message'
import { invoke, sampleEvent } from '@glassine/testing'
import type { MiddyfiedHandler } from '@middy/core'
import { Patient } from '../src/model.ts'
import { bundleHandler } from './bundle.ts'
import { captureOutput } from './capture.ts'
import { patient } from './patient.ts'
import { startServices } from './services.ts'

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

const parsed = (text: string | undefined): unknown => {
  try {
    return JSON.parse(text ?? '')
  } catch {
    return text
  }
}

/** Bytes in a form that JSON has. */
const readable = (row: object): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      value instanceof Uint8Array ? { B: Buffer.from(value).toString('base64') } : value,
    ]),
  )

/** Starts everything; `close` stops it. */
export const startSandbox = async () => {
  const services = await startServices()
  const { kms } = services
  const bundle = await bundleHandler()
  // A new specifier each time: a second sandbox in one process is a second cold start.
  const module = await import(`${pathToFileURL(bundle.file).href}?${process.hrtime.bigint()}`)
  const handler = module.handler as MiddyfiedHandler

  let seen: unknown
  let code: string | undefined
  handler.before((request) => {
    seen = structuredClone((request.event as { body: unknown }).body)
  })
  handler.onError((request) => {
    code = (request.error as { code?: string }).code
  })

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
      seen = undefined
      code = undefined
      kms.resetCalls()
      const event = sampleEvent(source, {
        method: 'POST',
        path: '/patients',
        body,
        proto,
        origin: origin ?? 'https://app.example.com',
        tenant,
      })
      const { result, output } = await captureOutput(() => invoke(handler, event))
      const kmsCalls = kms.calls.map(({ operation }) => operation)
      const row = result.statusCode === 201 ? await services.row(tenant, patient.id) : undefined
      return {
        status: result.statusCode,
        sent: body,
        seen,
        stored: row && readable(row),
        answered: parsed(result.body),
        code,
        kmsCalls,
        log: output,
      }
    },
    close: () => services.close(),
  }
}

export type Sandbox = Awaited<ReturnType<typeof startSandbox>>
