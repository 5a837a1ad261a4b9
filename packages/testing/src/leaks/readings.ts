/** One way to read a text. */
export interface Reading {
  readonly text: string
  /** What was decoded, from the inside out; empty for the text itself. */
  readonly notation: string
}

/** Enough for JSON in JSON in base64 in JSON. */
const maxDepth = 4

const utf8 = 'as utf8'

/** The text itself, and everything that it can be decoded to. Bytes are read as latin1. */
export function* readingsOf(text: string, notation = '', depth = 0): Generator<Reading> {
  yield { text, notation }
  if (depth === maxDepth) return
  for (const [name, decode] of decoders) {
    if (name === utf8 && notation.includes(utf8)) continue
    for (const decoded of decode(text))
      yield* readingsOf(decoded, notation === '' ? name : `${name} ${notation}`, depth + 1)
  }
}

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

const controls: Readonly<Record<string, string>> = {
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  0: '\0',
}

/** Undoes one level of the escapes of JSON and of `inspect`. */
const unescaped = (text: string): string =>
  text.replace(
    /\\(?:u([\da-f]{4})|u\{([\da-f]{1,6})\}|x([\da-f]{2})|([^ux]))/gis,
    (_, unit?: string, point?: string, byte?: string, character?: string) =>
      character === undefined
        ? String.fromCodePoint(Math.min(Number.parseInt((unit ?? point ?? byte)!, 16), 0x10ffff))
        : (controls[character] ?? character),
  )

const percentDecoded = (text: string): string =>
  text.replace(/(?:%[\da-f]{2})+/gi, (run) => latin1(Buffer.from(run.replaceAll('%', ''), 'hex')))

/** Digits with any separators, paired from both offsets: a stray digit may come before them. */
const fromHex = (text: string): string[] => {
  const runs = text.replace(/0x/gi, ' ').match(/[\da-f](?:[\s:,;_"'-]*[\da-f]){11,}/gi) ?? []
  const digits = runs.map((run) => run.replace(/[^\da-f]/gi, ''))
  return together(digits, [0, 1], (run, skip) => Buffer.from(run.slice(skip), 'hex'))
}

/** `171, 205`, with line breaks and quotes, and signed as in an Int8Array. */
const fromNumbers = (text: string): string[] =>
  (text.match(/(?<![\d.])-?\d{1,3}(?:["']?[\s,;]+["']?-?\d{1,3}){5,}(?![\d.])/g) ?? []).map((run) =>
    latin1(Uint8Array.from(run.match(/-?\d+/g)!, Number)),
  )

/** `{"0":171,"1":205}`, as JSON writes a Uint8Array, and as `inspect` writes an object or a Map. */
const fromIndexed = (text: string): string[] =>
  (text.match(/(?:["']?\d+["']?\s*(?::|=>)\s*-?\d{1,3}[\s,]*){6,}/g) ?? []).map((run) =>
    latin1(Uint8Array.from(Array.from(run.matchAll(/(?::|=>)\s*(-?\d+)/g), ([, number]) => Number(number)))),
  )

/** Runs of base64 and base64url, from each of the four offsets of a quad; line breaks are removed. */
const fromBase64 = (text: string): string[] => {
  const runs = text.replace(/(?<=[\w+/-]{48})\s*\n\s*(?=[\w+/-])/g, '').match(/[\w+/-]{8,}/g) ?? []
  return together(runs, [0, 1, 2, 3], (run, skip) => Buffer.from(run.slice(skip), 'base64'))
}

/** All runs decoded from each offset, as one text per offset: faster than one per run. */
const together = (
  runs: readonly string[],
  offsets: readonly number[],
  decode: (run: string, skip: number) => Buffer,
): string[] =>
  runs.length === 0 ? [] : offsets.map((skip) => runs.map((run) => latin1(decode(run, skip))).join('\n'))

const decoders: readonly (readonly [notation: string, decode: (text: string) => readonly string[]])[] = [
  ['escaped', (text) => (text.includes('\\') ? [unescaped(text)] : [])],
  [
    'percent-encoded',
    (text) =>
      /%[\da-f]{2}/i.test(text) ? [percentDecoded(text), percentDecoded(text.replaceAll('+', ' '))] : [],
  ],
  ['in hex', fromHex],
  ['in a list of numbers', fromNumbers],
  ['in an object of numbers', fromIndexed],
  ['in base64', fromBase64],
  [utf8, (text) => (/^[\0-\xff]*[\x80-\xff]/.test(text) ? [Buffer.from(text, 'latin1').toString()] : [])],
]
