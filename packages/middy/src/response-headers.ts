import { isPlainObject } from '@glassine/core/internal'
import type { EventSource } from './event-source.ts'
import { getOwn, getOwnObject } from './own-property.ts'

/** A response of a Lambda function behind an HTTP source. */
export type HttpResponse = Record<string, unknown>

/** Whether an ALB's target group has multi-value headers on: it then reads only `multiValueHeaders` of the response. */
export const wantsMultiValue = (event: unknown, source: EventSource): boolean =>
  source === 'alb' &&
  getOwnObject(event, 'multiValueHeaders') !== undefined &&
  getOwnObject(event, 'headers') === undefined

const holders = ['headers', 'multiValueHeaders'] as const

const spellingOf = (holder: unknown, name: string): string | undefined =>
  isPlainObject(holder) ? Object.keys(holder).find((key) => key.toLowerCase() === name) : undefined

/** Whether a response has a header, in any case. */
const hasHeader = (response: HttpResponse, name: string): boolean =>
  holders.some((holder) => spellingOf(getOwn(response, holder), name.toLowerCase()) !== undefined)

/** Adds a header to a response that we created, unless it has one of that name. The holder is copied, not written to. */
export const addHeader = (
  response: HttpResponse,
  name: string,
  value: string,
  multiValue: boolean | undefined,
): void => {
  if (hasHeader(response, name)) return
  const holder = multiValue ? 'multiValueHeaders' : 'headers'
  response[holder] = { ...getOwnObject(response, holder), [name]: multiValue ? [value] : value }
}

/** Removes headers from a response that we created; `names` are in lower case. */
export const dropHeaders = (response: HttpResponse, names: readonly string[]): void => {
  for (const holder of holders) {
    const headers = getOwnObject(response, holder)
    if (!headers || !Object.keys(headers).some((name) => names.includes(name.toLowerCase()))) continue
    response[holder] = Object.fromEntries(
      Object.entries(headers).filter(([name]) => !names.includes(name.toLowerCase())),
    )
  }
}
