// Replaces opened values in a response that leaves in the clear.
import { isPlainObject, memberName } from '@glassine/core/internal'
import type { HttpResponse } from './headers.ts'
import type { State } from './invocation.ts'
import { bodyTexts, jsonOf, parsedJson, type Watch, watchOf } from './leave-check.ts'

/** A response, HTTP or not, with `[redacted]` in place of every opened value: that of an error may leave so. */
export const redacted = (state: State, response: unknown): unknown => {
  const watch = watchOf(state)
  if (!watch) return response
  const { clean } = watch
  if (typeof response === 'string') return cleanText(response, clean)
  if (!isPlainObject(response)) return mapped(response, clean)
  const { body, ...beside } = response
  const result = mapped(beside, clean) as HttpResponse
  for (const mark of Object.getOwnPropertySymbols(response))
    Object.assign(result, { [mark]: response[mark as never] })
  // `[redacted]` is no name that a header can have.
  for (const holder of ['headers', 'multiValueHeaders']) {
    const headers = result[holder]
    if (isPlainObject(headers))
      for (const name of Object.keys(headers)) if (name.includes('[redacted]')) delete headers[name]
  }
  if (!Object.hasOwn(response, 'body')) return result
  if (typeof body !== 'string' || !response.isBase64Encoded) result.body = mapped(body, clean)
  else if (bodyTexts(response).some((text) => cleanText(text, clean) !== text)) {
    const text = Buffer.from(body, 'base64').toString()
    const cleaned = cleanText(text, clean)
    result.body = cleaned === text ? '[redacted]' : cleaned
    result.isBase64Encoded = false
  } else result.body = body
  return result
}

/** A number in JSON cannot become `[redacted]` in place, so JSON is cleaned value by value. */
export const cleanText = (text: string, clean: Watch['clean']): string => {
  const value = parsedJson(text)
  if (typeof value !== 'object' || value === null) return clean(text)
  const before = JSON.stringify(value)
  const after = JSON.stringify(mapped(value, clean))
  if (after !== before) return clean(after)
  // A duplicate member is in the text only.
  return clean(text) === text ? text : after
}

/** A name that holds an opened value is data. */
export const cleanName = (name: string, clean: Watch['clean']): string =>
  clean(memberName(name)) === memberName(name) ? name : '[redacted]'

/** A number that holds an opened value becomes text. */
export const cleanNumber = (value: number | bigint, clean: Watch['clean']): unknown => {
  const cleaned = clean(String(value))
  return cleaned === String(value) ? value : cleaned
}

const mapped = (value: unknown, clean: Watch['clean']): unknown => {
  if (typeof value === 'string') return cleanText(value, clean)
  if (typeof value === 'number') return cleanNumber(value, clean)
  if (typeof value !== 'object' || value === null) return value
  const isNumbers = Array.isArray(value) ? typeof value[0] === 'number' : Object.hasOwn(value, '0')
  // The bytes of a value.
  if (isNumbers && clean(jsonOf(value)) === '[redacted]') return '[redacted]'
  if (Array.isArray(value)) return value.map((element) => mapped(element, clean))
  if (ArrayBuffer.isView(value)) return '[redacted]'
  // What JSON makes of an object of a class is what leaves.
  if (!isPlainObject(value)) return mapped(parsedJson(jsonOf(value)), clean)
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [cleanName(name, clean), mapped(member, clean)]),
  )
}
