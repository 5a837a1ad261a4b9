import { optionError } from '@glassine/core/internal'

/** Looks for one secret in one text. */
export interface Search {
  readonly name: string
  /** The secret, when it is a text: a path that holds it must not be reported. */
  readonly text: string | undefined
  /** How the text shows the secret; `undefined` when it does not. */
  readonly find: (text: string) => string | undefined
}

/** Shorter texts turn up by chance in anything that is encrypted. */
const minTextLength = 6

/** So many bytes in a row are taken for a leak: by chance that is one in 2^64. */
const runBytes = 8

/** Decoding bytes as UTF-8 loses about half of them, so that more of the rest are needed. */
const runCharacters = 16

/** What must not leak: one, several, or several by a name that a report may print. */
export type Secrets = Secret | readonly Secret[] | Readonly<Record<string, Secret>>

/** A text of at least 6 characters, or at least 8 bytes. */
export type Secret = string | Uint8Array

/**
 * A search for each secret as it is: of a text the whole, of bytes any 8 in a row.
 *
 * @throws GlassineError `ERR_OPTION_INVALID` for none, and for those that cannot be told from chance
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
      : Object.entries(secrets)
  const searches = entries.map(([name, secret]) => ({
    name,
    text: typeof secret === 'string' ? secret : undefined,
    find: finder(secret),
  }))
  if (searches.length === 0 || !searches.every((search): search is Search => search.find !== undefined))
    throw optionError(
      '@glassine/testing',
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
 * A search for any part of a given length. Parts that turn up by chance, such as zeros, do not count; `undefined`
 * when no others are left.
 */
const runsOf = (secret: string, length: number): ((text: string) => boolean) | undefined => {
  const runs = partsOf(secret, length, 1).filter(
    (part) => part.length >= runBytes && new Set(part.replaceAll('\ufffd', '')).size >= runBytes / 2,
  )
  if (runs.length === 0) return undefined
  // Every run holds one of these whole. They are fewer, and a text that holds none is done with.
  const anchors = partsOf(secret, length >> 1, (length >> 1) + 1)
  return (text) => anchors.some((anchor) => text.includes(anchor)) && runs.some((run) => text.includes(run))
}

const partsOf = (text: string, length: number, step: number): readonly string[] =>
  Array.from({ length: Math.max(1, Math.floor((text.length - length) / step) + 1) }, (_, at) =>
    text.slice(at * step, at * step + length),
  )
