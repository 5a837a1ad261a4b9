import { gunzipSync, inflateSync } from 'node:zlib'
import type { Line, Redaction } from './line.ts'
import { redacted } from './names.ts'

/** Long enough for `ssn=1234` in base64; lines of it form one run. Also matches base64url and hexadecimal. */
const run = /[A-Za-z0-9+/_-]{12,}(?:\r?\n[A-Za-z0-9+/_-]+)*={0,2}/g
const escapes = /\\(?:u([\da-f]{4})|x([\da-f]{2}))/gi
/** Between two separators of a URL; `encodeURIComponent` writes none of them. */
const piece = /[^\s&?#"<>]+/g

/**
 * Whether {@link redactEncoded} has anything to look into: 12 characters of base64 in a row, `%` or `\`. A loop,
 * because every logged string passes here and a pattern takes three times as long.
 */
export const mayBeEncoded = (text: string): boolean => {
  let run = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (isBase64(code)) {
      if (++run === 12) return true
    } else {
      if (code === percent || code === backslash) return true
      run = 0
    }
  }
  return false
}

const percent = 0x25
const backslash = 0x5c

/** `a-z`, `/0-9`, `A-Z`, `+`, `-`, `_` */
const isBase64 = (code: number): boolean =>
  (code >= 0x61 && code <= 0x7a) ||
  (code >= 0x2f && code <= 0x39) ||
  (code >= 0x41 && code <= 0x5a) ||
  code === 0x2b ||
  code === 0x2d ||
  code === 0x5f

// Bytes that are not UTF-8 become U+FFFD.
const isText = (text: string): boolean => !text.includes('\ufffd')

/**
 * The text in compressed bytes, never more than the line may still cost; `undefined` if they are not compressed text.
 */
const inflated = (bytes: Buffer, { chars }: Line): string | undefined => {
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b
  const isZlib = bytes[0] === 0x78 && bytes.length > 1 && bytes.readUInt16BE() % 31 === 0
  if (!isGzip && !isZlib) return undefined
  try {
    return (isGzip ? gunzipSync : inflateSync)(bytes, { maxOutputLength: Math.max(1, chars) }).toString()
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE') throw error
    return undefined
  }
}

/** Bytes in base64, base64url or hexadecimal: returned unchanged unless they contain something declared. */
const redactRun = (run: string, redaction: Redaction, line: Line, depth: number): string => {
  const text = run.replace(/\r?\n/g, '')
  const looked = (decoded: string): string | undefined => {
    const result = redaction.text(decoded, line, depth + 1)
    return result === decoded ? undefined : result
  }
  // `0x` before it, or `\x` as PostgreSQL has it.
  const digits = text.replace(/^0?x/i, '')
  if (/^(?:[\da-f]{2})+$/i.test(digits)) {
    const decoded = Buffer.from(digits, 'hex').toString()
    if (isText(decoded) && looked(decoded) !== undefined) return redacted
  }
  const { mention } = redaction.names
  // A run may begin with foreign characters, as in `path/eyJz...`: base64 has four possible starts.
  for (let skip = 0; skip < 4; skip++) {
    const bytes = Buffer.from(skip === 0 ? text : text.slice(skip), 'base64')
    const decoded = bytes.toString()
    const isClean = skip === 0 && isText(decoded)
    if (isClean || mention.test(decoded)) {
      const result = looked(decoded)
      if (result !== undefined)
        return isClean ? Buffer.from(result).toString(/[-_]/.test(text) ? 'base64url' : 'base64') : redacted
    }
    const unpacked = skip === 0 ? inflated(bytes, line) : undefined
    if (unpacked !== undefined && looked(unpacked) !== undefined) return redacted
  }
  return run
}

/** Percent-encoding, including wrong sequences: decoded as readers would, not as it should have been written. */
const percentDecoded = (text: string): string =>
  text.replaceAll('+', ' ').replace(/(?:%[\da-f]{2})+/gi, (sequence) => {
    try {
      return decodeURIComponent(sequence)
    } catch {
      return Buffer.from(sequence.replaceAll('%', ''), 'hex').toString('latin1')
    }
  })

/**
 * Replaces every match, like String.replace, up to one whose value has no end. What follows may belong to that value,
 * as in the half of a URL whose `&` should have been encoded, and is removed with it.
 */
const replaced = (
  text: string,
  pattern: RegExp,
  line: Line,
  replacement: (part: string) => string,
): string => {
  let out = ''
  let from = 0
  for (const match of text.matchAll(pattern)) {
    line.isOpen = false
    const part = replacement(match[0])
    out += text.slice(from, match.index) + part
    if (line.isOpen && part !== match[0]) return out
    from = match.index + match[0].length
  }
  return out + text.slice(from)
}

/** Redacts percent-encoded, base64, hexadecimal and `\u`-escaped parts of a text. */
export const redactEncoded = (text: string, redaction: Redaction, line: Line, depth: number): string => {
  let out = text
  if (out.includes('%'))
    out = replaced(out, piece, line, (part) => {
      if (!part.includes('%')) return part
      const decoded = percentDecoded(part)
      const result = decoded === part ? part : redaction.text(decoded, line, depth + 1, true)
      return result === decoded ? part : result
    })
  if (out.length >= 12) out = replaced(out, run, line, (part) => redactRun(part, redaction, line, depth))
  if (out.includes('\\')) {
    const plain = out.replace(escapes, (_, long?: string, short?: string) =>
      String.fromCharCode(Number.parseInt((long ?? short)!, 16)),
    )
    // It is not worth finding out where to cut an escaped text: such text is not logged on purpose.
    if (plain !== out && redaction.text(plain, line, depth + 1) !== plain) return redacted
  }
  return out
}
