// What anyone who sees a sealed value can tell about it.

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

/** What the parameters of the header are for; {@link explain} covers what depends on the value. */
const explanations: Readonly<Record<string, string>> = {
  enc: 'AES-256 in Galois/Counter Mode: not readable without the key, and not changed unnoticed',
  p: 'the place it was sealed for; it opens nowhere else',
  ctx: 'a hash of sender, path, model, clinic and more; it opens for no other',
  jti: 'one random number for the whole request or answer: fields of two do not mix, and none comes twice',
  cty: 'what is inside: a set of keys, or another token',
  aud: 'the service it is meant for',
  iat: 'when the session began',
  exp: 'when the session ends, 15 minutes later at the latest',
  epk: 'the browser’s half of the key agreement, made for this session alone',
}

/** What a parameter of the header says, in a line. */
export const explain = (name: string, value: unknown): string => {
  if (name === 'alg')
    return value === 'dir'
      ? 'the key is the session’s own'
      : 'a key agreed with the public key of the service'
  if (name === 'kid') {
    const use = String(value).slice(-2)
    if (use === '.q') return 'the session’s key for requests'
    return use === '.r'
      ? 'the session’s key for responses'
      : 'the service’s key, by its thumbprint; its private half is in KMS'
  }
  return explanations[name] ?? ''
}

/** What members that are no fields are there for. */
export const notes: Readonly<Record<string, string>> = {
  $jwe: 'the session’s keys',
  'encryption-key': 'the session’s keys',
  sealed: 'all sealed values',
  aws_dbe_head: 'which key, what is sealed',
  aws_dbe_foot: 'signature of the row',
}
