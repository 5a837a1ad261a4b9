/*
 * Lists of numbers in a text, which may be the bytes or the code units of a text: what JSON makes of bytes.
 */

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

// Browsers and Node both have it; the type library of the language does not.
declare const TextDecoder: new () => { decode(bytes: Uint8Array): string }

const textsOf = (numbers: readonly number[]): readonly string[] => {
  let units = ''
  for (const number of numbers) units += String.fromCharCode(number)
  // Signed bytes, too.
  if (numbers.some((number) => number > 255 || number < -128)) return [units]
  const bytes = Uint8Array.from(numbers)
  return [units, new TextDecoder().decode(bytes), bytes.join()]
}
