/*
 * What the two ends of a JWE session agree on: names and limits of the wire, and the bytes that a field's context is
 * hashed from. The formats themselves are RFC 7516 (JWE), RFC 7517 (JWK Set) and RFC 7518 (algorithms).
 */
import type { Binding } from './binding.ts'

/** The member of a payload's root that carries the session's keys, or the ticket in their place. */
export const sessionMember = '$jwe'

/** The request header, in lower case, that carries them where no body does. */
export const keyHeader = 'encryption-key'

/**
 * What stands behind the keys in that header, before a request's `jti`: `<JWE>;jti=<22 characters>`. A request without
 * a sealed field has no other place for it, and its answer could be exchanged for that of another request.
 */
export const jtiSeparator = ';jti='

/** `cty` of the JWE that carries session keys: an encrypted JWK Set (RFC 7517, section 7). */
export const keySetType = 'jwk-set+json'

/** `typ` of a ticket: the session's keys, sealed by the service for itself. */
export const ticketType = 'glassine-ticket'

/** What stands behind the session id in the `kid` of each of its keys. */
export const keyUse = { request: '.q', response: '.r', device: '.e' } as const

/** The longest life of a session, in ms. */
export const maxSessionAge = 900_000

/** How many values one session key seals at most (NIST SP 800-38D, 8.3, with a wide margin). */
export const maxSessionSeals = 2 ** 20

/** Problem types (RFC 9457) on which a client begins a new session and tries once more. */
export const sessionProblems = ['session-expired', 'unknown-kid'] as const

/** Protected header of a sealed field, or of a bundle; its members in this order. */
export interface FieldHeader {
  readonly alg: 'dir'
  readonly enc: 'A256GCM'
  /** Session id and {@link keyUse}. */
  readonly kid: string
  /** The JSON Pointer of the place where it stands. */
  readonly p: string
  /** The first 16 bytes of SHA-256 over {@link contextBytes}, base64url: 22 characters. */
  readonly ctx: string
  /** One for all fields of a payload, 16 random bytes, base64url; an answer repeats that of its request, or its header's. */
  readonly jti: string
}

// Browsers and Node have it alike; the language's own library of types does not.
declare const TextEncoder: new () => { encode(text: string): Uint8Array<ArrayBuffer> }

const encoder = new TextEncoder()

/**
 * What `ctx` is hashed from: route, model id, and the pairs of the binding in order of their names, each text as its
 * UTF-8 bytes behind their number as four bytes, big-endian. So no two different lists give the same bytes.
 *
 * @param route - `POST /patients/{id}`, as in `Invocation.route`; the empty text where there is none
 * @example
 * ```ts
 * contextBytes('POST /patients', 'patient', { tenant: 't-1' }).length // 46
 * ```
 */
export const contextBytes = (route: string, model: string, binding: Binding): Uint8Array<ArrayBuffer> => {
  const texts = [route, model]
  // By code units, which every engine sorts alike.
  for (const name of Object.keys(binding).sort()) texts.push(name, binding[name]!)
  return numbered(texts.map((text) => lengthPrefixed(encoder.encode(text))))
}

/**
 * What a key is hashed from by Concat KDF (RFC 7518, section 4.6.2) after an agreement by ECDH-ES: the SHA-256 of it is
 * the key, or begins with it.
 *
 * @param secret - the shared secret, the x-coordinate alone
 * @param algorithm - `A256GCM` for ECDH-ES, `ECDH-ES+A256KW` for that
 * @param apu - PartyUInfo of the header, decoded, and `apv` PartyVInfo. Default: empty, as they mostly are
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

/** Joins parts, each behind a number of four bytes, big-endian. */
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
