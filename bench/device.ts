// A device for measurements, written with jose from the description of the format alone. It imports nothing of
// Glassine: the measured code must be able to open what it seals, and must not supply what it agrees on.
import { createHash, randomBytes } from 'node:crypto'
import { CompactEncrypt, importJWK } from 'jose'

const b64u = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')

/** A session as its device holds it. */
export interface DeviceSession {
  readonly sid: string
  readonly request: Buffer
  readonly response: Buffer
  /** The JWE that carries the session's keys: the member `$jwe`. */
  readonly carrier: string
}

/** Creates sessions to one published key. */
export const deviceTo = async (jwk: any, audience: string) => {
  const key = await importJWK(jwk, jwk.alg)
  return async (now = Date.now()): Promise<DeviceSession> => {
    const sid = b64u(randomBytes(16))
    const [request, response] = [randomBytes(32), randomBytes(32)]
    // An encrypted JWK Set (RFC 7517, section 7).
    const keys = [
      { kty: 'oct', kid: `${sid}.q`, k: b64u(request) },
      { kty: 'oct', kid: `${sid}.r`, k: b64u(response) },
    ]
    const iat = Math.floor(now / 1_000)
    const carrier = await new CompactEncrypt(Buffer.from(JSON.stringify({ keys })))
      .setProtectedHeader({
        alg: jwk.alg,
        enc: 'A256GCM',
        kid: jwk.kid,
        cty: 'jwk-set+json',
        aud: audience,
        iat,
        exp: iat + 900,
      })
      .encrypt(key)
    return { sid, request, response, carrier }
  }
}

/** A text as its UTF-8 bytes after their length as four bytes, big-endian. */
const numbered = (text: string): Buffer => {
  const bytes = Buffer.from(text, 'utf8')
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

/** What a request addresses, without a query. */
export interface Address {
  readonly method: string
  readonly path: string
  readonly query: readonly never[]
}

/** What the values of a request are bound to besides their places; without a sender or authenticated members. */
export const contextOf = (
  model: string,
  count: number,
  { method, path }: Address,
  binding: Readonly<Record<string, string>>,
): string => {
  const names = Object.keys(binding).sort()
  const texts = [
    ...['glassine-context-2', 'request', '', '', '', `${count}`],
    ...[method, path, '0', model, '0'],
    ...[`${names.length}`, ...names.flatMap((name) => [name, binding[name]!])],
  ]
  return b64u(
    createHash('sha256')
      .update(Buffer.concat(texts.map(numbered)))
      .digest()
      .subarray(0, 16),
  )
}

/** The protected header of a field of a request. */
export const headerOf = (session: DeviceSession, p: string, ctx: string, jti: string) =>
  ({ alg: 'dir', enc: 'A256GCM', kid: `${session.sid}.q`, p, ctx, jti }) as const

/** What a request is bound to, and the members of its payload's root that are sealed. */
export interface SealedWith {
  readonly model: string
  readonly members: readonly string[]
  readonly resource: Address
  readonly binding: Readonly<Record<string, string>>
}

/** The header of a request without values: the keys, followed by their proof. */
export const provedHeader = async (
  session: DeviceSession,
  carrier: string,
  { model, resource, binding }: Omit<SealedWith, 'members'>,
): Promise<string> => {
  const ctx = contextOf(model, 0, resource, binding)
  const proof = await new CompactEncrypt(Buffer.from('{}'))
    .setProtectedHeader(headerOf(session, '', ctx, b64u(randomBytes(16))))
    .encrypt(session.request)
  return `${carrier};proof=${proof}`
}

/** Seals members of a payload in their places, and adds the session's keys. */
export const sealedBody = async (
  session: DeviceSession,
  payload: Readonly<Record<string, unknown>>,
  { model, members, resource, binding }: SealedWith,
): Promise<Record<string, unknown>> => {
  const ctx = contextOf(model, members.length, resource, binding)
  const jti = b64u(randomBytes(16))
  const body: Record<string, unknown> = { ...payload, $jwe: session.carrier }
  for (const member of members)
    body[member] = await new CompactEncrypt(Buffer.from(JSON.stringify(payload[member])))
      .setProtectedHeader(headerOf(session, `/${member}`, ctx, jti))
      .encrypt(session.request)
  return body
}
