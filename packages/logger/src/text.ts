import { maxDepth } from '@glassine/core/internal'
import { mayBeEncoded, redactEncoded } from './encoded.ts'
import { type Line, type Redaction, tooDeep, tooLarge } from './line.ts'
import { redactPairs } from './pairs.ts'

/** A whole JSON document: parsed, redacted, and written anew only if something in it was. */
const redactJson = (text: string, redaction: Redaction, line: Line, depth: number): string | undefined => {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return undefined
  }
  const before = line.changes
  const value = redaction.value(parsed, line, depth + 1)
  return line.changes === before ? text : JSON.stringify(value)
}

/** Redacts a text: JSON, pairs of names and values, and whatever of the two is encoded in it. */
export const redactText = (
  text: string,
  redaction: Redaction,
  line: Line,
  depth: number,
  decoded: boolean,
): string => {
  line.chars -= text.length
  if (line.chars < 0 || depth > maxDepth) {
    line.changes++
    return depth > maxDepth ? tooDeep : tooLarge
  }
  const isMentioned = redaction.names.mention.test(text)
  const isEncoded = mayBeEncoded(text)
  if (!isMentioned && !isEncoded) return text
  if (/^\s*[[{"]/.test(text)) {
    const json = redactJson(text, redaction, line, depth)
    if (json !== undefined) return json
  }
  const plain = isMentioned ? redactPairs(text, redaction.names, line, decoded) : text
  return isEncoded ? redactEncoded(plain, redaction, line, depth) : plain
}
