/*
 * Finds the parts of a JSON text. Spliced texts were parsed before, so they are well-formed.
 */
import type { Envelope } from '@glassine/core'

export const skipBlank = (text: string, from: number): number => {
  let at = from
  for (
    let code = text.charCodeAt(at);
    code === 0x20 || (code >= 0x09 && code <= 0x0d);
    code = text.charCodeAt(at)
  )
    at++
  return at
}

/** The end of the string that begins at `from`; if it does not end, the end of the text. */
export const endOfString = (text: string, from: number): number => {
  for (let at = text.indexOf('"', from + 1); ; at = text.indexOf('"', at + 1)) {
    if (at === -1) return text.length
    let slashes = 0
    while (text[at - 1 - slashes] === '\\') slashes++
    if (slashes % 2 === 0) return at + 1
  }
}

/** The end of the value that begins at `from`. */
export const endOfValue = (text: string, from: number): number => {
  let depth = 0
  for (let at = from; ; ) {
    const char = text[at]
    if (char === '"') at = endOfString(text, at)
    else if (char === '{' || char === '[') {
      depth++
      at++
    } else if (char === '}' || char === ']') {
      // The end of the container around a number or a name.
      if (depth === 0) return at
      at++
      depth--
    } else if (depth === 0 && (char === undefined || char === ',' || /\s/.test(char))) return at
    else {
      at++
      continue
    }
    if (depth === 0) return at
  }
}

/** Visits what is outside of strings, then a string with its quotes, and so on; the last part is outside. */
const eachPart = (text: string, visit: (from: number, to: number, isString: boolean) => void): void => {
  for (let at = 0; ; ) {
    const quote = text.indexOf('"', at)
    visit(at, quote === -1 ? text.length : quote, false)
    if (quote === -1) return
    at = endOfString(text, quote)
    visit(quote, at, true)
  }
}

/**
 * Numbers that JavaScript writes differently, in its own form; one per line.
 *
 * @param inStrings - whether JSON strings are read too, in which there may be JSON
 */
export const respelledNumbers = (text: string, inStrings: boolean): string => {
  let numbers = ''
  eachPart(text, (from, to, isString) => {
    // Between strings there are mostly commas and colons.
    if ((isString && !inStrings) || to - from < shortestSpelling) return
    for (const [number] of text.slice(from, to).matchAll(spelledNumber)) numbers += `\n${Number(number)}`
  })
  return numbers
}

/**
 * A text without the sealed values among its JSON strings, for searching: a ciphertext may contain any text by chance.
 * Duplicate members stay.
 */
export const clearText = (text: string, envelopes: readonly Envelope[]): string => {
  let clear = ''
  eachPart(text, (from, to, isString) => {
    const isSealed = isString && isSealedText(text.slice(from + 1, to - 1), envelopes)
    clear += isSealed ? '""' : text.slice(from, to)
  })
  return clear
}

/** Of a number with an exponent: `1e6`. */
const shortestSpelling = 3

const spelledNumber = /-?\d+(?:\.\d+)?[eE][+-]?\d+|-?\d+\.\d*0(?!\d)/g

/** A ciphertext has no character that JSON must escape, but a writer may escape its slashes. */
const isSealedText = (text: string, envelopes: readonly Envelope[]): boolean => {
  const value = text.replaceAll('\\/', '/')
  return envelopes.some((envelope) => envelope.recognises(value))
}
