import { type ErrorCode, errorCodes, GlassineError } from '@glassine/core'
import { isPlainObject } from '@glassine/core/internal'
import { packageName } from '../options.ts'

/** The codes by what callers read of them: a handler of errors may answer with the sentence alone. */
const codesBySentence = new Map<string, ErrorCode[]>()
for (const code of errorCodes) {
  const { message } = new GlassineError(code, { package: packageName })
  codesBySentence.set(message, [...(codesBySentence.get(message) ?? []), code])
}

const codesIn = (text: string): readonly ErrorCode[] => {
  const bySentence = codesBySentence.get(text)
  if (bySentence) return bySentence
  try {
    const problem = JSON.parse(text)
    const { code, message } = isPlainObject(problem) ? problem : {}
    return codesBySentence.get(String(message)) ?? errorCodes.filter((known) => known === code)
  } catch {
    return []
  }
}

/**
 * What an HTTP response says of itself when it is no success: its status, and the code of ours that it may stand for.
 * No line for a success.
 * Nothing else of its body: that may hold a value.
 */
export const refusalOf = (received: unknown): readonly string[] => {
  if (!isPlainObject(received) || typeof received.statusCode !== 'number' || received.statusCode < 400)
    return []
  const { statusCode, body } = received
  const response = `The response is a ${statusCode}`
  const codes = typeof body === 'string' ? codesIn(body) : []
  if (codes.length === 0) return [response]
  if (codes.length === 1) return [`${response}, ${codes[0]}`]
  return [`${response}, one of ${codes.join(', ')}; \`onRefused\`, by default a line on stderr, says which`]
}
