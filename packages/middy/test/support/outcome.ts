import { type RequireTlsOptions, requireTls } from '@glassine/middy'
import { invoke } from '@glassine/testing'
import middy from '@middy/core'
import middy7 from 'middy7'

/** Both majors that the peer range names; version 7's types differ where these tests do not look. */
export const majors = [
  ['6', middy],
  ['7', middy7 as unknown as typeof middy],
] as const

export type Middy = typeof middy

/**
 * What became of an event: `https` when the handler ran and its response says `Strict-Transport-Security`, `ran` when
 * it ran and the response is as it was, else the code of the refusal.
 */
export type Outcome = 'https' | 'ran' | `ERR_${string}`

const hsts = (response: any): unknown =>
  response?.headers?.['Strict-Transport-Security'] ??
  response?.multiValueHeaders?.['Strict-Transport-Security']

/** Runs an event through a stack of `requireTls` alone. */
export const outcomeOf = async (
  event: unknown,
  options: RequireTlsOptions = {},
  make: Middy = middy,
): Promise<Outcome> => {
  let runs = 0
  const handler = make()
    .use(requireTls(options))
    .handler(async () => {
      runs += 1
      return { statusCode: 200, body: '' }
    })
  let response: any
  try {
    response = await invoke<any>(handler, event)
  } catch (error) {
    if (runs > 0) throw error
    return (error as { code: `ERR_${string}` }).code
  }
  if (runs === 1) return hsts(response) === undefined ? 'ran' : 'https'
  if (runs > 1) throw new Error('The handler ran more than once')
  const { statusCode = Number(response.status), body } = response
  const problem = JSON.parse(body)
  // The status is in two places; if they differ, the refusal is not ours.
  if (statusCode !== 403 || problem.status !== 403) throw new Error(`Refused with status ${statusCode}`)
  return problem.code
}
