// A device for measurements, written with jose from the description of the format alone. It imports nothing of
// Glassine: what it seals must open, and what it agrees on must not be taken from the code that is measured.
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

/** Makes sessions to one published key. */
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

/** A text as its UTF-8 bytes behind their number, four bytes, big-endian. */
const numbered = (text: string): Buffer => {
  const bytes = Buffer.from(text, 'utf8')
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

/** What a field is bound to beside its place: 16 bytes of SHA-256 over route, model and the sorted pairs of the binding. */
export const contextOf = (
  model: string,
  route: string,
  binding: Readonly<Record<string, string>>,
): string => {
  const pairs = Object.keys(binding)
    .sort()
    .flatMap((name) => [name, binding[name]!])
  const bytes = Buffer.concat([route, model, ...pairs].map(numbered))
  return b64u(createHash('sha256').update(bytes).digest().subarray(0, 16))
}

/** The protected header of a field of a request. */
export const headerOf = (session: DeviceSession, p: string, ctx: string, jti: string) =>
  ({ alg: 'dir', enc: 'A256GCM', kid: `${session.sid}.q`, p, ctx, jti }) as const

/** What a request is bound to, and the members of its payload's root that are sealed. */
export interface SealedWith {
  readonly model: string
  readonly members: readonly string[]
  readonly route: string
  readonly binding: Readonly<Record<string, string>>
}

/** Seals members of a payload, each in its place, and adds the session's keys. */
export const sealedBody = async (
  session: DeviceSession,
  payload: Readonly<Record<string, unknown>>,
  { model, members, route, binding }: SealedWith,
): Promise<Record<string, unknown>> => {
  const ctx = contextOf(model, route, binding)
  const jti = b64u(randomBytes(16))
  const body: Record<string, unknown> = { ...payload, $jwe: session.carrier }
  for (const member of members)
    body[member] = await new CompactEncrypt(Buffer.from(JSON.stringify(payload[member])))
      .setProtectedHeader(headerOf(session, `/${member}`, ctx, jti))
      .encrypt(session.request)
  return body
}
