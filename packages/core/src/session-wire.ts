/*
 * What the two ends of a JWE session agree on: names and limits of the wire format, and the bytes from which a field's
 * context is hashed. The formats themselves are RFC 7516 (JWE), RFC 7517 (JWK Set) and RFC 7518 (algorithms).
 */
import type { Binding } from './binding.ts'
import type { RecordPair } from './record.ts'
import type { Resource } from './resource.ts'

/** The member of a payload's root that carries the session's keys, or the ticket instead of them. */
export const sessionMember = '$jwe'

/** The request header, in lower case, that carries them if no body does. */
export const keyHeader = 'encryption-key'

/**
 * The separator between the keys in that header and the proof of a request without a sealed value:
 * `<JWE>;proof=<JWE>`.
 */
export const proofSeparator = ';proof='

/** The member of a response's root that holds its proof, if it is an object without a sealed value. */
export const proofMember = '$proof'

/** The header, in lower case, that holds the proof of every other response: one without a body, a list, a text. */
export const proofHeader = 'encryption-proof'

/** What a proof encrypts. It has no place, so its pointer is empty. */
export const proofText = '{}'

/** `cty` of the JWE that carries session keys: an encrypted JWK Set (RFC 7517, section 7). */
export const keySetType = 'jwk-set+json'

/** `typ` of a ticket: the session's keys, sealed by the service for itself. */
export const ticketType = 'glassine-ticket'

/** The suffix after the session id in the `kid` of each of its keys. */
export const keyUse = { request: '.q', response: '.r', device: '.e' } as const

/** The longest life of a session, in ms. */
export const maxSessionAge = 900_000

/** How many values one session key may seal (NIST SP 800-38D, 8.3, with a wide margin). */
export const maxSessionSeals = 2 ** 20

/** Problem types (RFC 9457) on which a client begins a new session and tries once more. */
export const sessionProblems = ['session-expired', 'unknown-kid'] as const

/** Protected header of a sealed field or bundle; its members in this order. */
export interface FieldHeader {
  readonly alg: 'dir'
  readonly enc: 'A256GCM'
  /** Session id and {@link keyUse}. */
  readonly kid: string
  /** The JSON Pointer of its place. */
  readonly p: string
  /** The first 16 bytes of SHA-256 over {@link contextBytes}, base64url: 22 characters. */
  readonly ctx: string
  /** One for all fields of a payload, 16 random bytes, base64url. */
  readonly jti: string
  /** The same in both attempts of a request that is sent twice, 16 random bytes, base64url. */
  readonly rid?: string
}

/** What both ends of a session know about a payload independently, and what its sealed values are bound to. */
export interface SessionContext {
  readonly direction: 'request' | 'response'
  /** The token or the subject of the sender. */
  readonly sender?: string
  /** For a response: the `jti` of its request. */
  readonly answers?: string
  /** For a response: its HTTP status. */
  readonly status?: number
  /** How many sealed values the payload has; 0 for a proof. */
  readonly count: number
  /** Absent between functions. */
  readonly resource?: Resource
  readonly model: string
  /** The payload's authenticated members. */
  readonly members: readonly RecordPair[]
  readonly binding: Binding
}

// Browsers and Node both have it; the type library of the language does not.
declare const TextEncoder: new () => { encode(text: string): Uint8Array<ArrayBuffer> }

const encoder = new TextEncoder()

/**
 * What `ctx` is hashed from: a fixed list of texts, each as its UTF-8 bytes after their length as four bytes,
 * big-endian. Lists within it are preceded by their length. So no two different contexts give the same bytes.
 *
 * @example
 * ```ts
 * const resource = { method: 'GET', path: '/patients/p-1', query: [] }
 * const context = { direction: 'request', count: 0, resource, model: 'patient', members: [], binding: {} } as const
 * contextBytes(context).length // 100
 * ```
 */
export const contextBytes = ({
  direction,
  sender = '',
  answers = '',
  status,
  count,
  resource: { method, path, query } = nowhere,
  model,
  members,
  binding,
}: SessionContext): Uint8Array<ArrayBuffer> => {
  // By code units, which every engine sorts alike.
  const sorted = [...members].sort((one, other) => (one.pointer < other.pointer ? -1 : 1))
  const names = Object.keys(binding).sort()
  const texts = ['glassine-context-2', direction, sender, answers, `${status ?? ''}`, `${count}`]
  texts.push(method, path, `${query.length}`)
  for (const [name, value] of query) texts.push(name, value)
  texts.push(model, `${members.length}`)
  for (const { pointer, text } of sorted) texts.push(pointer, text)
  texts.push(`${names.length}`)
  for (const name of names) texts.push(name, binding[name]!)
  return prefixedTexts(texts)
}

/** Joins texts as UTF-8, each after its length in bytes, written in four, big-endian. */
const prefixedTexts = (texts: readonly string[]): Uint8Array<ArrayBuffer> => {
  let most = 0
  // A code unit takes three bytes at most.
  for (const { length } of texts) most += 4 + 3 * length
  const bytes = new Uint8Array(most)
  let end = 0
  for (const text of texts) {
    const start = end + 4
    end = start
    // Most are short and ASCII: copying them costs less than a call of the encoder for each.
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code > 0x7f) {
        const encoded = encoder.encode(text)
        bytes.set(encoded, start)
        end = start + encoded.length
        break
      }
      bytes[end++] = code
    }
    const length = end - start
    bytes[start - 4] = length >>> 24
    bytes[start - 3] = length >>> 16
    bytes[start - 2] = length >>> 8
    bytes[start - 1] = length
  }
  return bytes.subarray(0, end)
}

const nowhere: Resource = { method: '', path: '', query: [] }

/** The token of an `Authorization` header with the scheme `Bearer` (RFC 6750, section 2.1): a request's sender. */
export const bearerToken = (authorization: string | null | undefined): string | undefined =>
  /^bearer +(\S+) *$/i.exec(authorization ?? '')?.[1]

/**
 * What a key is hashed from by Concat KDF (RFC 7518, section 4.6.2) after an agreement by ECDH-ES: its SHA-256 is
 * the key, or begins with it.
 *
 * @param secret - the shared secret, the x-coordinate alone
 * @param algorithm - `A256GCM` for ECDH-ES, `ECDH-ES+A256KW` for that
 * @param apu - PartyUInfo of the header, decoded, and `apv` PartyVInfo. Default: empty, as they usually are
 * @param bits - the length of the key, at most 256
 */
export const derivationBytes = (
  secret: Bytes,
  algorithm: string,
  apu: Bytes = none,
  apv: Bytes = none,
  bits = 256,
): Uint8Array<ArrayBuffer> =>
  numbered([
    // The first round, and the only one for a key of this length.
    [1, secret],
    ...[encoder.encode(algorithm), apu, apv].map(lengthPrefixed),
    [bits, none],
  ])

type Bytes = Uint8Array<ArrayBufferLike>
type Numbered = readonly [number, Bytes]

const none = new Uint8Array()

const lengthPrefixed = (bytes: Bytes): Numbered => [bytes.length, bytes]

/** Joins parts, each after a length of four bytes, big-endian. */
const numbered = (parts: readonly Numbered[]): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(parts.reduce((sum, [, { length }]) => sum + 4 + length, 0))
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const [number, part] of parts) {
    view.setUint32(at, number)
    bytes.set(part, at + 4)
    at += 4 + part.length
  }
  return bytes
}
