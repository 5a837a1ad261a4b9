import { maxDepth } from '@glassine/core/internal'
import { mayBeEncoded, redactEncoded } from './encoded.ts'
import { type Line, type Redaction, tooDeep, tooLarge } from './line.ts'
import { redactPairs } from './pairs.ts'

/** A whole JSON document: parsed, redacted, and rewritten only if something was redacted. */
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

const sql = /\b(?:insert\s+into|update\s+\S+\s+set|select\s.*\bfrom|delete\s+from|merge\s+into)\b/is
const literals = /'(?:[^'\\]|''|\\.)*'|(?<![\w$:@?."`-])-?\d+(?:\.\d+)?(?![\w"`])/g

/** In SQL a value is far from the name of its column: all literals are removed. */
const withoutLiterals = (text: string, line: Line): string => {
  if (!sql.test(text)) return text
  return text.replace(literals, () => {
    line.changes++
    return "'[redacted]'"
  })
}

/** Redacts a text: JSON, pairs of names and values, and encoded forms of both. */
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
  const plain = isMentioned ? redactPairs(withoutLiterals(text, line), redaction.names, line, decoded) : text
  return isEncoded ? redactEncoded(plain, redaction, line, depth) : plain
}
