import { optionError } from '@glassine/core/internal'
import { packageName } from '../options.ts'

/** Looks for one secret in one text. */
export interface Search {
  readonly name: string
  /** The secret, when it is a text: reports must not print a path that contains it. */
  readonly text: string | undefined
  /** How the text shows the secret; `undefined` when it does not. */
  readonly find: (text: string) => string | undefined
}

/** Shorter texts occur by chance in ciphertext. */
const minTextLength = 6

/** Bytes in a row that count as a leak: one in 2^64 by chance. */
const runBytes = 8

/** Decoding bytes as UTF-8 loses about half of them, so more characters are needed. */
const runCharacters = 16

/** What must not leak: one secret, a list, or several by a name that reports print. */
export type Secrets = Secret | readonly Secret[] | Readonly<Record<string, Secret>>

/** A text of at least 6 characters, or at least 8 bytes. */
export type Secret = string | Uint8Array

/**
 * A search for each secret: for the whole of a text, for any 8 bytes in a row of bytes.
 *
 * @throws GlassineError `ERR_OPTION_INVALID` for no secrets, and for those that could occur by chance
 */
export const searchesFor = (secrets: Secrets): readonly Search[] => {
  const entries =
    isSecret(secrets) || Array.isArray(secrets)
      ? [secrets]
          .flat()
          .map(
            (secret, at, { length }) =>
              [length === 1 ? 'the secret' : `secret ${at + 1} of ${length}`, secret] as const,
          )
      : Object.entries(secrets ?? {})
  const searches = entries.map(([name, secret]) => ({
    name,
    text: typeof secret === 'string' ? secret : undefined,
    find: finder(secret),
  }))
  if (searches.length === 0 || !searches.every((search): search is Search => search.find !== undefined))
    throw optionError(
      packageName,
      'secrets',
      `must be texts of at least ${minTextLength} characters or at least ${runBytes} bytes that are not all alike`,
    )
  return searches
}

const isSecret = (value: unknown): value is Secret => typeof value === 'string' || value instanceof Uint8Array

const finder = (secret: Secret): Search['find'] | undefined => {
  if (typeof secret === 'string') {
    const utf8 = Buffer.from(secret).toString('latin1')
    return secret.length < minTextLength
      ? undefined
      : (text) => (text.includes(secret) || text.includes(utf8) ? 'as it is' : undefined)
  }
  if (!isSecret(secret)) return undefined
  const latin1 = runsOf(Buffer.from(secret).toString('latin1'), runBytes)
  const utf8 = runsOf(Buffer.from(secret).toString('utf8'), runCharacters)
  return latin1 && ((text) => (latin1(text) ? 'as it is' : utf8?.(text) ? 'as utf8' : undefined))
}

/**
 * A search for any part of a given length. Parts that occur by chance, such as zeros, do not count; `undefined`
 * when no part counts.
 */
const runsOf = (secret: string, length: number): ((text: string) => boolean) | undefined => {
  const runs = partsOf(secret, length, 1).filter(
    (part) => part.length >= runBytes && new Set(part.replaceAll('\ufffd', '')).size >= runBytes / 2,
  )
  if (runs.length === 0) return undefined
  // Every run contains one of these. They are fewer, so most texts are dismissed quickly.
  const anchors = partsOf(secret, length >> 1, (length >> 1) + 1)
  return (text) => anchors.some((anchor) => text.includes(anchor)) && runs.some((run) => text.includes(run))
}

const partsOf = (text: string, length: number, step: number): readonly string[] =>
  Array.from({ length: Math.max(1, Math.floor((text.length - length) / step) + 1) }, (_, at) =>
    text.slice(at * step, at * step + length),
  )
