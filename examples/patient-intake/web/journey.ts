// One request from the wire through the Lambda and back, told to the page step by step.
import { PutCommand } from '@aws-sdk/lib-dynamodb'
import { invoke, type LambdaHandler, sampleEvent } from '@glassine/testing'
import { unlisted } from '../demo/careless.ts'
import { eventOf, headersOf } from '../demo/gateway.ts'
import { type Invocation, parsed } from '../demo/invocation.ts'
import { readable, type Services } from '../demo/services.ts'
import { callerOf, type Traffic } from '../demo/traffic.ts'
import { type Attack, attacks, type Exchange } from './attacks.ts'
import { changesOf, differences } from './changes.ts'
import type { Header, Seen } from './protocol.ts'

/** The handlers that the example's stack stands around here: its own, and careless ones. */
export type HandlerName = 'example' | NonNullable<Attack['handler']>

/** Who travels, and how. */
interface Travel {
  readonly page: string
  /** The name of an attack, or of none. */
  readonly attack: string
  /** The Lambda with a handler of this name. */
  readonly run: (handler: HandlerName) => Promise<(event: unknown) => Promise<Invocation>>
  readonly tell: (seen: Seen) => void
}

/** What the server sends back. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const sortedHeaders = (headers: Readonly<Record<string, string>>): Header[] => Object.entries(headers).sort()

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The row is not what the Lambda has written when it is read. */
const isOnRow = (attack: Attack | undefined): boolean =>
  attack?.changeRow !== undefined || attack?.otherTable === true

/** How requests travel here, from every page. */
export const createJourney = (services: Services) => {
  let kmsTotal = 0
  /** The last honest exchange of each page, for attacks that need one. */
  const earlier = new Map<string, Exchange>()

  const idOf = ({ path, body }: Traffic): string =>
    typeof body?.id === 'string' ? body.id : decodeURIComponent(path.slice(path.lastIndexOf('/') + 1))

  return {
    /** The keys that clients begin a session with; not observed, but its KMS calls count. */
    publish: async (jwks: LambdaHandler, request: Traffic): Promise<Answer> => {
      services.kms.resetCalls()
      const response = await invoke(jwks, sampleEvent('http-api', request))
      kmsTotal += services.kms.callCount()
      return { status: response.statusCode, headers: response.headers, body: response.body }
    },

    travel: async ({ page, attack: name, run, tell }: Travel, sent: Traffic): Promise<Answer> => {
      const attack = attacks.find((one) => one.name === name)
      const request = attack?.change?.(sent, earlier.get(page)) ?? sent
      const body = request.body && JSON.stringify(request.body)
      tell({
        kind: 'wire',
        method: request.method,
        path: request.path,
        headers: sortedHeaders(request.headers),
        body,
        bytes: Buffer.byteLength(body ?? request.headers['encryption-key'] ?? ''),
        changed: changesOf(sent, request),
      })

      const { clinic } = callerOf(request)
      const id = idOf(request)
      const row = isOnRow(attack) ? await services.row(clinic, id) : undefined
      const edited =
        row && (attack?.otherTable ? await services.archive(clinic, id) : attack?.changeRow?.(row))
      if (edited) await put(services, edited)
      const handler = attack?.handler ?? 'example'
      const invoked = await run(handler)
      const begun = performance.now()
      const { response, ran, seen, returned, code, kmsCalls, log } = await invoked(eventOf(request))
      const ms = performance.now() - begun
      const held = ran
        ? await services.row(clinic, id, handler === 'draft' ? unlisted : undefined)
        : undefined
      if (row) await put(services, row)

      kmsTotal += kmsCalls.length
      const status = response.statusCode
      tell({ kind: 'lambda', ran, seen, returned, status, code, ms, kmsCalls, kmsTotal })
      tell({ kind: 'table', row: held && readable(held), changed: row ? differences(row, edited) : [] })
      tell({ kind: 'log', lines: log.split('\n').filter((line) => line !== '') })

      const honest = parsed(response.body)
      const answered = (isRecord(honest) && attack?.changeAnswer?.(honest)) || honest
      const text = answered === honest ? (response.body ?? '') : JSON.stringify(answered)
      const headers = headersOf(response)
      tell({
        kind: 'answer',
        status,
        headers: sortedHeaders(headers),
        body: text,
        bytes: Buffer.byteLength(text),
        changed: differences(honest, answered),
      })
      if (!attack && request.method === 'POST' && status < 300)
        earlier.set(page, { request, answer: isRecord(honest) ? honest : undefined })
      return { status, headers, body: text }
    },
  }
}

/** Past the encryption, as a person with access to the table could. */
const put = (services: Services, Item: Record<string, unknown>) =>
  services.table.send(new PutCommand({ TableName: 'Patients', Item }))
