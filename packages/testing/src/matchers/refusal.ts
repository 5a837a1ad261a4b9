import { type ErrorCode, errorCodes } from '@glassine/core'
import { isPlainObject, sentenceOf } from '@glassine/core/internal'

/** The codes by what callers read of them: a handler of errors may answer with the sentence alone. */
const codesBySentence = new Map<string, ErrorCode[]>()
for (const code of errorCodes) {
  const sentence = sentenceOf(code)
  codesBySentence.set(sentence, [...(codesBySentence.get(sentence) ?? []), code])
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
 * What an HTTP response that is not a success says of itself: its status, and the codes that it may stand for. Nothing
 * else of its body, which may hold a value.
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
