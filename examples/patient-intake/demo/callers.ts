// Who calls, in the three formats: a service with messages, an app with a session, and a reader of rows. An attacker
// changes the traffic, and the outcome is the result.
import { DeleteCommand, PutCommand } from '@aws-sdk/lib-dynamodb'
import { createClient } from '@glassine/client'
import { Patient } from '../src/model.ts'
import { unlisted } from './careless.ts'
import type { Sent } from './endpoint.ts'
import { parsed } from './invocation.ts'
import { patient, secrets } from './patient.ts'
import { clinic, type EndpointName, headersFrom, type Sandbox } from './sandbox.ts'
import { service, type Traffic } from './traffic.ts'

type Members = Readonly<Record<string, unknown>>
export type Fields = new () => Patient

/** The result of an attack. */
export interface Outcome {
  readonly status: number
  /** The stable code of the error, when there was one. */
  readonly code?: string
  /** Why, as the library says it to the operator alone: in the log. */
  readonly reason?: string
  /** The attacker has what he wanted. */
  readonly succeeded: boolean
}

/** An honest exchange before the attack: what an attacker has seen. */
export interface Exchange {
  readonly request: Traffic
  /** The response's body, sealed. */
  readonly answer?: Members
}

type Change = (request: Traffic, earlier: Exchange) => Traffic

/** The reason in the line that the library writes when it refuses. */
const reasonIn = (log: string): string | undefined =>
  log
    .split('\n')
    .map((line) => parsed(line) as { message?: string; reason?: string } | null)
    .find((entry) => entry?.message === 'Glassine refused')?.reason

const saysSecrets = (text: string): boolean => secrets.some((secret) => text.includes(secret))

export const createCallers = ({ services, endpoints, request }: Sandbox) => {
  /** Whether the unlisted table has a draft, in any form. */
  const isDrafted = async (id: string) => (await services.row(clinic, id, unlisted)) !== undefined

  /**
   * Reading and changing nothing is no success. A handler that ran on a request that was tampered with has done its
   * work, so the attack has succeeded whatever it answered; of a careless one it is asked whether its mistake had an
   * effect.
   */
  const outcome = async ({ answer, inside }: Sent, to: EndpointName, id: string): Promise<Outcome> => {
    const text = await answer.text()
    if (!inside) throw new Error(`the endpoint answered ${answer.status} without the Lambda`)
    const { code, ran, log } = inside
    const effect = {
      echo: () => saysSecrets(text) || saysSecrets(log),
      draft: () => isDrafted(id),
    }[to as string]
    const succeeded = effect ? await effect() : ran || answer.status < 400
    return { status: answer.status, code, reason: reasonIn(log), succeeded }
  }

  /** A service stores the patient, with messages of the AWS Encryption SDK. */
  const message = async (
    change: Change,
    to: EndpointName = 'http-api',
    fields?: Fields,
  ): Promise<Outcome> => {
    const earlier = await request()
    const { answer } = await endpoints['http-api'].send(earlier)
    const exchange = { request: earlier, answer: (await answer.json()) as Members }
    const changed = change(await request(fields), exchange)
    return outcome(await endpoints[to].send(changed), to, patient.id)
  }

  /** An app stores the patient or reads it back, in a session. */
  const session = async (
    action: 'POST' | 'GET',
    change: Change,
    to: EndpointName = 'http-api',
    fields: Fields = Patient,
  ): Promise<Outcome> => {
    let earlier: Exchange | undefined
    let sent: Sent | undefined
    const overHttp: typeof fetch = async (url, { method = 'GET', headers, body } = {}) => {
      const honest: Traffic = {
        method,
        path: new URL(String(url)).pathname,
        headers: Object.fromEntries(new Headers(headers)),
        ...(typeof body === 'string' && { body: JSON.parse(body) }),
      }
      const isKeySet = honest.path.startsWith('/.well-known/')
      if (isKeySet) return (await endpoints['http-api'].send(honest)).answer
      sent = await endpoints[earlier ? to : 'http-api'].send(earlier ? change(honest, earlier) : honest)
      earlier ??= { request: honest, answer: parsed(await sent.answer.clone().text()) as Members }
      return sent.answer.clone()
    }
    const app = createClient({
      baseUrl: 'https://api.example.com',
      fields,
      bind: { tenant: clinic },
      fetch: overHttp,
    })
    const travel = async (): Promise<void> => {
      const headers = headersFrom('ada')
      await (action === 'POST'
        ? app.fetch('/patients', { method: 'POST', headers, body: patient as any })
        : app.fetch(`/patients/${patient.id}`, { headers }))
    }
    // The first exchange is honest but in its fields. What the app makes of the second answer is not looked at here.
    await travel().catch(() => {})
    await travel().catch(() => {})
    return outcome(sent!, to, patient.id)
  }

  /** A service reads a row back that was tampered with in the table. */
  const item = async (
    change: (row: Members, older: Members) => Members | Promise<Members>,
    to: EndpointName = 'http-api',
    by: string = clinic,
  ): Promise<Outcome> => {
    const stored = async () => {
      await endpoints['http-api'].send(await request())
      return (await services.row(clinic, patient.id))!
    }
    const [older, row] = [await stored(), await stored()]
    const changed = await change(row, older)
    await services.table.send(new PutCommand({ TableName: 'Patients', Item: changed }))
    try {
      const path = `/patients/${changed.id}`
      const sent = await endpoints[to].send({ method: 'GET', path, headers: headersFrom(service, by) })
      const { succeeded, ...rest } = await outcome(sent, to, String(changed.id))
      // A handler has to run to read a row: what counts is whether it got one.
      return { ...rest, succeeded: to === 'echo' ? succeeded : rest.status < 400 }
    } finally {
      const { clinic, id } = changed
      await services.table.send(new DeleteCommand({ TableName: 'Patients', Key: { clinic, id } }))
      await services.table.send(new PutCommand({ TableName: 'Patients', Item: row }))
    }
  }

  /** The same row as another table of the same keys would hold it. */
  const ofOtherTable = () => services.archive(clinic, patient.id)

  return { message, session, item, ofOtherTable }
}

export type Callers = ReturnType<typeof createCallers>
