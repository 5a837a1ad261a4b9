/*
 * What an invocation has opened, and the search for it in what leaves. Values and texts are compared as they are and
 * decoded, so escapes of JSON, URLs and HTML are found, but for most names of HTML. Base64 of texts, compression, other
 * case and parts of a value are not looked for.
 */

import { isPlainObject } from './codec.ts'
import {
  byteListsIn,
  decoded,
  formsOf,
  isProgramName,
  isWholeText,
  mayBeEncoded,
  type Occurrence,
  otherTimes,
  replaced,
  spellingsOf,
  traced,
} from './decoded.ts'

/** Shorter values occur in too many texts by chance. In code units. */
export const leastOpenedLength = 6

/** Up to this many values are searched one after another, in a text up to this long; otherwise all in one pass. */
const few = { entries: 24, length: 20_000 }

/** How many code units of its beginning a value is searched by, so that no value makes a search slow. */
const headLength = 16

const window = leastOpenedLength

/** Whether a value may leave. */
type IsExempt = (value: string) => boolean

/** The values that one invocation has opened; it holds references, and lives a little longer. */
export class OpenedValues {
  /** Each with whether it was met as a name that a program may have written; see {@link isProgramName}. */
  readonly #values = new Map<string, boolean>()
  #length = 0
  #hasNumbers = false
  #index: Index | undefined

  /**
   * Adds every text of at least six code units in a value, every name of a member, every number of at least six digits
   * as text, and bytes as text, in base64 and as a list of numbers.
   */
  add(value: unknown): void {
    if (typeof value === 'string') for (const text of [value, ...otherTimes(value)]) this.#addText(text)
    else if (typeof value === 'number' || typeof value === 'bigint') this.#addNumber(value)
    else if (Array.isArray(value)) for (const element of value) this.add(element)
    else if (ArrayBuffer.isView(value)) for (const text of spellingsOf(value)) this.#addText(text)
    else if (isPlainObject(value))
      for (const name of Object.keys(value)) {
        this.#addText(name, isProgramName(name))
        this.add(value[name])
      }
  }

  #addNumber(value: number | bigint): void {
    const text = String(value).replace(/^-/, '')
    if (text.replace(/e.*|\D/g, '').length < leastOpenedLength) return
    this.#hasNumbers = true
    this.#addText(text)
  }

  #addText(text: string, isName = false): void {
    if (text.length < leastOpenedLength) return
    const known = this.#values.get(text)
    // What is also a value is found as one.
    if (known === false || known === isName) return
    if (known === undefined) this.#length += text.length
    this.#values.set(text, isName)
    this.#index = undefined
  }

  get size(): number {
    return this.#values.size
  }

  /** The code units of all values together. */
  get length(): number {
    return this.#length
  }

  /** Whether one was a number, which may be spelled `1.5e8` in a text. */
  get hasNumbers(): boolean {
    return this.#hasNumbers
  }

  /**
   * The first occurrence of a value that `isExempt` does not let pass; where the text has it only encoded, the first of
   * those. A text that costs far more work than others, since values were chosen to look alike, counts as an occurrence
   * as a whole.
   */
  find(text: string, isExempt?: IsExempt): Occurrence | undefined {
    if (this.#values.size === 0 || text.length < window) return undefined
    this.#index ??= new Index(this.#values)
    const found = this.#index.next(text, 0, isExempt) ?? this.#inBytes(text, isExempt)[0]
    if (found || !mayBeEncoded(text)) return found
    const plain = decoded(text)
    const inside = plain === text ? undefined : this.#index.next(plain, 0, isExempt)
    return inside && traced(text).source(inside)
  }

  /** The text with every occurrence replaced by `[redacted]`. */
  redact(text: string, isExempt?: IsExempt): string {
    if (this.find(text, isExempt) === undefined) return text
    const shown = replaced(text, this.#inBytes(text, isExempt))
    const result = replaced(shown, this.#all(shown, isExempt))
    if (!mayBeEncoded(result)) return result
    const { text: plain, source } = traced(result)
    return replaced(result, this.#all(plain, isExempt).map(source))
  }

  /** The lists of bytes that say a value. */
  #inBytes(text: string, isExempt?: IsExempt): Occurrence[] {
    return byteListsIn(text).flatMap(({ start, end, texts }) => {
      const found = texts
        .flatMap((one) => [one, decoded(one)])
        .map((one) => this.#index!.next(one, 0, isExempt))
        .find(Boolean)
      return found ? [{ start, end, value: found.value }] : []
    })
  }

  #all(text: string, isExempt?: IsExempt): Occurrence[] {
    const all: Occurrence[] = []
    for (let at = 0; ; at = all.at(-1)!.end) {
      const found = this.#index!.next(text, at, isExempt)
      if (!found) return all
      all.push(found)
    }
  }
}

/** Odd, so that no bit of a hash is lost. */
const multiplier = 0x01000193

/** `multiplier` to the power of five: the weight of the code unit that leaves the window. */
const topWeight = Array(window - 1)
  .fill(multiplier)
  .reduce(Math.imul, 1) as number

/** A text to look for, and the value that it stands for. */
interface Entry {
  readonly text: string
  readonly head: string
  readonly value: string
  readonly isName: boolean
}

const isFound = ({ text: own, isName }: Entry, text: string, start: number): boolean => {
  if (!text.startsWith(own, start)) return false
  if (!isName) return true
  return isWholeText(text, start, start + own.length)
}

class Index {
  readonly #entries: readonly Entry[]
  /** Built when a text is long for the number of values. */
  #hashed:
    | { readonly buckets: Map<number, Entry[]>; readonly bits: Uint32Array; readonly mask: number }
    | undefined

  constructor(values: Iterable<readonly [string, boolean]>) {
    const entries = new Map<string, Entry>()
    for (const [value, isName] of values)
      for (const text of formsOf(value))
        if (text.length >= window) entries.set(text, { text, head: text.slice(0, headLength), value, isName })
    this.#entries = [...entries.values()]
  }

  /** The first occurrence at or behind `from`, the longest of those that begin together. */
  next(text: string, from: number, isExempt?: IsExempt): Occurrence | undefined {
    return this.#entries.length <= few.entries && text.length - from <= few.length
      ? this.#nextOneByOne(text, from, isExempt)
      : this.#nextHashed(text, from, isExempt)
  }

  #nextOneByOne(text: string, from: number, isExempt?: IsExempt): Occurrence | undefined {
    let first: Occurrence | undefined
    for (const entry of this.#entries) {
      let start = text.indexOf(entry.head, from)
      while (start !== -1 && !isFound(entry, text, start)) start = text.indexOf(entry.head, start + 1)
      if (start === -1 || (first && start > first.start)) continue
      const end = start + entry.text.length
      if (first && start === first.start && end <= first.end) continue
      if (!isExempt?.(entry.value)) first = { start, end, value: entry.value }
    }
    return first
  }

  #nextHashed(text: string, from: number, isExempt?: IsExempt): Occurrence | undefined {
    this.#hashed ??= hashed(this.#entries)
    const { buckets, bits, mask } = this.#hashed
    let hash = 0
    // Values that were chosen to fall together would cost their number at every position.
    let work = 16 * (text.length - from) + 100_000
    for (let end = from; end < text.length; end++) {
      if (end - from >= window) hash = (hash - Math.imul(text.charCodeAt(end - window), topWeight)) | 0
      hash = (Math.imul(hash, multiplier) + text.charCodeAt(end)) | 0
      const start = end - window + 1
      if (start < from) continue
      const bit = fold(hash) & mask
      if ((bits[bit >>> 5]! & (1 << (bit & 31))) === 0) continue
      const bucket = buckets.get(hash)
      if (!bucket) continue
      work -= bucket.length
      if (work < 0) return { start: from, end: text.length, value: '' }
      // The longest first.
      for (const entry of bucket)
        if (isFound(entry, text, start) && !isExempt?.(entry.value))
          return { start, end: start + entry.text.length, value: entry.value }
    }
    return undefined
  }
}

const fold = (hash: number): number => hash ^ (hash >>> 15)

const hashOf = (text: string): number => {
  let hash = 0
  for (let at = 0; at < window; at++) hash = (Math.imul(hash, multiplier) + text.charCodeAt(at)) | 0
  return hash
}

const hashed = (entries: readonly Entry[]) => {
  let size = 1024
  while (size < entries.length * 16) size *= 2
  const bits = new Uint32Array(size / 32)
  const mask = size - 1
  const buckets = new Map<number, Entry[]>()
  for (const entry of entries) {
    const hash = hashOf(entry.text)
    const bit = fold(hash) & mask
    bits[bit >>> 5]! |= 1 << (bit & 31)
    const bucket = buckets.get(hash)
    if (bucket) bucket.push(entry)
    else buckets.set(hash, [entry])
  }
  for (const bucket of buckets.values()) bucket.sort((a, b) => b.text.length - a.text.length)
  return { buckets, bits, mask }
}
