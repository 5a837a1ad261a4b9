/*
 * How values are spelt in texts. Decodes the escapes of JSON, URLs and HTML: writers differ in what they escape; the
 * decoded text is the same for all of them.
 */

/** Where a value was found in a text. */
export interface Occurrence {
  readonly start: number
  readonly end: number
  readonly value: string
}

/**
 * An encoded part: an escape of JSON or JavaScript, bytes of a URL, a character of HTML. A part that was encoded again
 * in the same way is still one part: `\\\\n`, `%2541`, `&amp;lt;`. HTML allows leading zeros in numbers, and mostly no
 * semicolon.
 */
const encodedPart =
  /\\+(?:u[\da-fA-F]{4}|x[\da-fA-F]{2}|[bfnrt])?|(?:%(?:25)*[\da-fA-F]{2})+|&(?:amp;)*(?:#0*\d{1,7};?|#[xX]0*[\da-fA-F]{1,6};?|(?:amp|lt|gt|quot);?|apos;)/g

/** Whether a text has parts that only some writers encode. */
export const mayBeEncoded = (text: string): boolean => /\\[ux/]|[%&]/.test(text)

/** One kind may be inside another, such as HTML in JSON that escapes `&`. */
const maxRounds = 3

/** A plus is a blank in forms and queries; so it is in every decoded text. */
export const decoded = (text: string): string => {
  let result = text
  for (let round = 0; round < maxRounds && /[\\%&]/.test(result); round++) {
    const next = result.replace(encodedPart, decodedPart)
    if (next === result) break
    result = next
  }
  return blankPluses(result)
}

const blankPluses = (text: string): string => text.replaceAll('+', ' ')

/** A part of a text that was decoded: its place in the result, and where it comes from. */
interface Piece {
  readonly at: number
  readonly from: number
  readonly to: number
  readonly isCopy: boolean
}

/** A decoded text that knows where its parts come from. */
export const traced = (original: string) => {
  let text = original
  const rounds: Piece[][] = []
  for (let round = 0; round < maxRounds; round++) {
    const parts: string[] = []
    const pieces: Piece[] = []
    let length = 0
    let end = 0
    const add = (part: string, to: number, isCopy: boolean): void => {
      if (part !== '') pieces.push({ at: length, from: end, to, isCopy })
      parts.push(part)
      length += part.length
      end = to
    }
    for (const { 0: part, index } of text.matchAll(encodedPart)) {
      add(text.slice(end, index), index, true)
      add(decodedPart(part), index + part.length, false)
    }
    add(text.slice(end), text.length, true)
    rounds.unshift(pieces)
    text = parts.join('')
  }
  const source = ({ start, end, value }: Occurrence): Occurrence => {
    let first = start
    let last = end - 1
    for (const pieces of rounds) {
      const opening = pieceAt(pieces, first)
      const closing = pieceAt(pieces, last)
      first = opening.from + (opening.isCopy ? first - opening.at : 0)
      last = closing.isCopy ? closing.from + last - closing.at : closing.to - 1
    }
    return { start: first, end: last + 1, value }
  }
  return { text: blankPluses(text), source }
}

/** The piece that a code unit of the result is in. */
const pieceAt = (pieces: readonly Piece[], at: number): Piece => {
  let low = 0
  let high = pieces.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (pieces[middle]!.at <= at) low = middle
    else high = middle - 1
  }
  return pieces[low]!
}

const controls: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }

const namedCharacters: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/** A backslash itself is dropped: repeated escaping may have made any number of one. */
const decodedPart = (part: string): string => {
  if (part[0] === '%') return decodedBytes(part)
  if (part[0] === '\\') {
    const kind = part.slice(part.lastIndexOf('\\') + 1)
    // `u0041` or `x41`.
    if (kind.length > 1) return characterOf(Number.parseInt(kind.slice(1), 16))
    return controls[kind] ?? ''
  }
  const name = part.slice(part.lastIndexOf(';', part.length - 2) + 1).replaceAll(/[&;]/g, '')
  if (name[0] !== '#') return namedCharacters[name]!
  const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1))
  return characterOf(code)
}

const characterOf = (code: number): string => (code <= 0x10ffff ? String.fromCodePoint(code) : '')

/** What a time in ISO 8601 becomes when a program reads it as one and writes it: `2026-01-05T10:00:00.000Z`. */
export const otherTimes = (value: string): readonly string[] => {
  const time = /^\d{4}-\d\d-\d\dT[\d:.]{5,18}(?:Z|[+-][\d:]{4,5})?$/.test(value) && Date.parse(value)
  return time ? [new Date(time).toISOString()] : []
}

// Browsers and Node both have them; the type library of the language does not.
declare const btoa: (binary: string) => string
declare const TextDecoder: new (
  label?: string,
  options?: { readonly ignoreBOM: boolean; readonly fatal?: boolean },
) => { decode(bytes: Uint8Array): string }

/** Invalid UTF-8 must not hide the bytes beside it. */
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

/** The last two digits of each escape are a byte; the others only say how often it was encoded. */
const decodedBytes = (part: string): string => {
  const bytes = new Uint8Array(part.length / 3)
  let length = 0
  for (let at = 3; at <= part.length; at++)
    if (at === part.length || part.charCodeAt(at) === 0x25)
      bytes[length++] = (digit(part.charCodeAt(at - 2)) << 4) | digit(part.charCodeAt(at - 1))
  return utf8.decode(bytes.subarray(0, length))
}

/** The value of a hexadecimal digit. */
const digit = (code: number): number => (code & 15) + (code > 0x39 ? 9 : 0)

const strictUtf8 = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true })

/** Bytes as the text that they are, in base64 and base64url without padding, and as a list of numbers. */
export const spellingsOf = (view: ArrayBufferView): readonly string[] => {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
  // Others have too short a text in base64 to be searched for.
  if (bytes.length < 6) return []
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  const base64 = btoa(binary).replace(/=+$/, '')
  const forms = [base64, base64.replaceAll('+', '-').replaceAll('/', '_'), bytes.join(',')]
  try {
    return [strictUtf8.decode(bytes), ...forms]
  } catch {
    return forms
  }
}

/**
 * Whether a name looks like one of a program rather than like data: `postalCode`, but not `HIV-positive`. Such names
 * occur everywhere, so they are found where they are a whole text, and not as the name of a member.
 */
export const isProgramName = (name: string): boolean => /^[A-Za-z_$][\w$]*$/.test(name)

/** A name as JSON has it, to be searched as one. */
export const memberName = (name: string): string => `"${name}":`

/** Behind a whole text in JSON, of whatever depth; not behind the name of a member. */
const closing = /\\*"(?!\s*:)/y

/** Whether a part is a whole text in JSON, or all there is; not an attribute of HTML. */
export const isWholeText = (text: string, start: number, end: number): boolean => {
  const isOpen = start === 0 || (text[start - 1] === '"' && text[start - 2] !== '=')
  closing.lastIndex = end
  return isOpen && (end === text.length || closing.test(text))
}

/** No writer spells these otherwise. */
const plainText = /^[\w.~-]*$/

/**
 * What a value is in a text as `JSON.stringify` writes it, up to three times, so that such texts need not be decoded;
 * in one that was decoded; and in a decoded form, where a blank is a plus.
 */
export const formsOf = (value: string): readonly string[] => {
  if (plainText.test(value)) return [value]
  const plain = decoded(value)
  const forms = [plain, plain.replaceAll(' ', '+'), value.replaceAll(' ', '+'), value]
  for (let form = value, times = 0; times < maxRounds; times++) {
    form = JSON.stringify(form).slice(1, -1)
    if (form === forms.at(-1)) break
    forms.push(form)
  }
  return forms
}

/** The text with `[redacted]` in the place of each occurrence; they are in order, and may touch or overlap. */
export const replaced = (text: string, occurrences: readonly Occurrence[]): string => {
  let result = ''
  let at = 0
  for (const { start, end } of occurrences) {
    if (start >= at) result += `${text.slice(at, start)}[redacted]`
    at = Math.max(at, end)
  }
  return result + text.slice(at)
}

// Lists of numbers that may be the bytes or the code units of a text: what JSON makes of bytes.

/** A list of numbers, and what it may say. */
export interface ByteList {
  readonly start: number
  readonly end: number
  readonly texts: readonly string[]
}

/** In JSON that is written with blanks, and in a JSON string of it. */
const blank = String.raw`(?:\s|\\+[nrt])*`
const member = String.raw`(?:\\*"\d+\\*"${blank}:${blank})?-?\d{1,5}${blank}`

/** `[77,65, ...]`, or `{"0":77,"1":65, ...}`, of six numbers or more. */
const lists = new RegExp(String.raw`[[{]${blank}(?:${member},${blank}){5,}${member}[\]}]?`, 'g')

/** The lists of numbers in a text that could be bytes or code units. */
export const byteListsIn = (text: string): readonly ByteList[] => {
  // Ciphertexts have neither, and a search for a character takes less than a pattern.
  if (!text.includes('[') && !text.includes('"0')) return []
  return Array.from(text.matchAll(lists), ({ 0: found, index }) => {
    // Not the names of members.
    const numbers = found.match(/-?\d+(?!\d*\\*")/g)!.map(Number)
    return { start: index, end: index + found.length, texts: textsOf(numbers) }
  })
}

const textsOf = (numbers: readonly number[]): readonly string[] => {
  let units = ''
  for (const number of numbers) units += String.fromCharCode(number)
  // Signed bytes, too.
  if (numbers.some((number) => number > 255 || number < -128)) return [units]
  const bytes = Uint8Array.from(numbers)
  return [units, new TextDecoder().decode(bytes), bytes.join()]
}
