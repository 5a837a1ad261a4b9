import type { FieldPolicy } from '@glassine/core'
import { isPlainObject } from '@glassine/core/internal'

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const declaresBody = ({ encrypted }: FieldPolicy): boolean =>
  encrypted.members?.some(([name]) => name === 'body') ?? false

/**
 * The payload in what a test holds: a response or an HTTP event with a body (text, base64 or parsed), JSON text,
 * or the payload itself. `undefined` when there is none.
 */
export const payloadOf = (received: unknown, policy: FieldPolicy): unknown => {
  if (typeof received === 'string') return parsed(received)
  if (!isPlainObject(received)) return Array.isArray(received) ? received : undefined
  const isHttp = 'statusCode' in received || 'isBase64Encoded' in received || !declaresBody(policy)
  if (!('body' in received) || !isHttp) return received
  const { body, isBase64Encoded } = received
  if (typeof body !== 'string') return body
  return parsed(isBase64Encoded === true ? Buffer.from(body, 'base64').toString() : body)
}
