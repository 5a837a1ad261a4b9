// What can be said of a sealed value by anybody who sees it.

/** A compact JWE (RFC 7516, section 7.1), taken apart. */
export interface Token {
  readonly header: Readonly<Record<string, unknown>>
  /** The five parts by their names, and how long each is as text. */
  readonly parts: readonly (readonly [name: string, length: number])[]
}

const partNames = ['protected header', 'encrypted key', 'iv', 'ciphertext', 'tag']

const fromBase64url = (text: string): string => {
  const bytes = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  return new TextDecoder().decode(Uint8Array.from(bytes, (character) => character.charCodeAt(0)))
}

export const tokenOf = (value: unknown): Token | undefined => {
  if (typeof value !== 'string' || !/^eyJ[\w-]+\.[\w-]*\.[\w-]+\.[\w-]*\.[\w-]+$/.test(value))
    return undefined
  try {
    const parts = value.split('.')
    return {
      header: JSON.parse(fromBase64url(parts[0]!)),
      parts: parts.map((part, at) => [partNames[at]!, part.length] as const),
    }
  } catch {
    return undefined
  }
}

/** Bytes of the table. */
const bytesOf = (value: unknown): string | undefined =>
  typeof value === 'object' && value !== null && typeof (value as { B?: unknown }).B === 'string'
    ? (value as { B: string }).B
    : undefined

/** How a value looks to the party that sees it. */
export type Look = 'absent' | 'plain' | 'sealed' | 'masked' | 'redacted'

export const lookOf = (value: unknown): Look => {
  if (value === undefined) return 'absent'
  if (sealedText(value) !== undefined) return 'sealed'
  if (typeof value !== 'string') return 'plain'
  if (value.startsWith('[redacted')) return 'redacted'
  return value.startsWith('***') ? 'masked' : 'plain'
}

/** The text of what is sealed, and nothing for what is not. */
export const sealedText = (value: unknown): string | undefined => {
  const bytes = bytesOf(value)
  if (bytes !== undefined) return bytes
  return tokenOf(value) || (typeof value === 'string' && /^A[gQ][RV][\w+/]{90,}=*$/.test(value))
    ? (value as string)
    : undefined
}

/** How many bytes it takes where it lies. */
export const sizeOf = (value: unknown): number => {
  const bytes = bytesOf(value)
  return bytes === undefined ? String(value).length : atob(bytes).length
}

/** Four numbers below 12, of the last bytes: so that people see when a token has moved, or comes again. */
export const fingerprint = (text: string): number[] => {
  let hash = 2166136261
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 16777619)
  return [0, 8, 16, 24].map((shift) => ((hash >>> shift) & 0xff) % 12)
}

/** What each parameter of the header is for. */
export const explanations: Readonly<Record<string, string>> = {
  alg: 'how the key is agreed: dir is the session’s key itself, ECDH-ES a fresh agreement with the service’s public key',
  enc: 'AES-256 in Galois/Counter Mode: nobody reads it, and nobody changes it unnoticed',
  kid: 'which key: the session’s for requests (.q) or answers (.r), or the service’s own, by its thumbprint',
  p: 'the place it was sealed for; it opens nowhere else',
  ctx: 'a hash of route, model and clinic; it opens for no other',
  jti: 'one random number for the whole request; fields of two requests do not mix, and none comes twice',
  cty: 'what is inside: a set of keys',
  aud: 'the service it is meant for',
  iat: 'when the session began',
  exp: 'when the session ends, at the latest 15 minutes later',
  epk: 'the browser’s half of the key agreement, made for this session alone',
  typ: 'a ticket: the session’s keys, sealed by the service for itself',
}

/** What is known of sealed attributes of the table. */
export const attributeNotes: Readonly<Record<string, string>> = {
  aws_dbe_head:
    'The header of AWS’s Database Encryption SDK: the row’s data key, encrypted, and which attributes are.',
  aws_dbe_foot: 'The signature over the whole row, readable attributes included.',
}
