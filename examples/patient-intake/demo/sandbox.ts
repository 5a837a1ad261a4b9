// The example on one machine: a local KMS over http, the bundled handler, and a caller that seals its requests.
import { pathToFileURL } from 'node:url'
import type { Sealed } from '@glassine/core'
import { keyMaterial, kmsKeyring } from '@glassine/keys'
import { messageEnvelope } from '@glassine/message'
import { invoke, sampleEvent, startLocalKms } from '@glassine/testing'
import type { MiddyfiedHandler } from '@middy/core'
import { Patient } from '../src/model.ts'
import { bundleHandler } from './bundle.ts'
import { captureOutput } from './capture.ts'
import { pointAt } from './environment.ts'
import { patient } from './patient.ts'

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

/** Starts everything; `close` stops it. */
export const startSandbox = async () => {
  const kms = await startLocalKms()
  await kms.createKey({ alias: 'alias/patients' })
  pointAt(kms)
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
  const caller = messageEnvelope({
    keys: keyMaterial({
      keyring: kmsKeyring({
        keyId: 'alias/patients',
        insecureEndpoint: kms.endpoint,
        awsClientOptions: kms.clientOptions,
      }),
    }),
  })

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
      return {
        status: result.statusCode,
        sent: body,
        seen,
        answered: parsed(result.body),
        code,
        kmsCalls: kms.calls.map(({ operation }) => operation),
        log: output,
      }
    },
    close: () => kms.close(),
  }
}

export type Sandbox = Awaited<ReturnType<typeof startSandbox>>
