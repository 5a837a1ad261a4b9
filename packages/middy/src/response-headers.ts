import { isPlainObject } from '@glassine/core/internal'
import type { EventSource } from './event-source.ts'
import { own, ownObject } from './own.ts'

/** A response of a Lambda function behind an HTTP source. */
export type HttpResponse = Record<string, unknown>

/** An ALB whose target group has multi-value headers on: it reads `multiValueHeaders` of the answer and no others. */
export const wantsMultiValue = (event: unknown, source: EventSource): boolean =>
  source === 'alb' &&
  ownObject(event, 'multiValueHeaders') !== undefined &&
  ownObject(event, 'headers') === undefined

const holders = ['headers', 'multiValueHeaders'] as const

const spellingOf = (holder: unknown, name: string): string | undefined =>
  isPlainObject(holder) ? Object.keys(holder).find((key) => key.toLowerCase() === name) : undefined

/** Whether a response has a header, in any case. */
const hasHeader = (response: HttpResponse, name: string): boolean =>
  holders.some((holder) => spellingOf(own(response, holder), name.toLowerCase()) !== undefined)

/** Gives a response that is ours a header, unless it has one of that name. The holder is copied, never written to. */
export const addHeader = (
  response: HttpResponse,
  name: string,
  value: string,
  multiValue: boolean | undefined,
): void => {
  if (hasHeader(response, name)) return
  const holder = multiValue ? 'multiValueHeaders' : 'headers'
  response[holder] = { ...ownObject(response, holder), [name]: multiValue ? [value] : value }
}

/** Takes headers from a response that is ours; `names` are lower-case. */
export const dropHeaders = (response: HttpResponse, names: readonly string[]): void => {
  for (const holder of holders) {
    const headers = ownObject(response, holder)
    if (!headers || !Object.keys(headers).some((name) => names.includes(name.toLowerCase()))) continue
    response[holder] = Object.fromEntries(
      Object.entries(headers).filter(([name]) => !names.includes(name.toLowerCase())),
    )
  }
}
