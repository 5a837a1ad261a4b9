// A device for measurements, written with jose from the description of the format alone.
import { createHash, randomBytes } from 'node:crypto'
import { type Binding, type FieldPolicy, placesOf } from '@glassine/core'
import { contextBytes, keySetType } from '@glassine/core/session'
import { CompactEncrypt, importJWK } from 'jose'

const b64u = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')

/** A session as its device holds it. */
export interface DeviceSession {
  readonly sid: string
  readonly request: Buffer
  readonly response: Buffer
  /** What stands in `$jwe`. */
  readonly carrier: string
}

/** Makes sessions to one published key. */
export const deviceTo = async (jwk: any, audience: string) => {
  const key = await importJWK(jwk, jwk.alg)
  return async (now = Date.now()): Promise<DeviceSession> => {
    const sid = b64u(randomBytes(16))
    const [request, response] = [randomBytes(32), randomBytes(32)]
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
        cty: keySetType,
        aud: audience,
        iat,
        exp: iat + 900,
      })
      .encrypt(key)
    return { sid, request, response, carrier }
  }
}

/** What a field is bound to beside its place. */
export const contextOf = (model: string, route: string, binding: Binding): string =>
  b64u(
    createHash('sha256')
      .update(contextBytes(route, model, binding))
      .digest()
      .subarray(0, 16),
  )

/** The protected header of a field of a request. */
export const headerOf = (session: DeviceSession, p: string, ctx: string, jti: string) =>
  ({ alg: 'dir', enc: 'A256GCM', kid: `${session.sid}.q`, p, ctx, jti }) as const

/** Seals the declared fields of a payload, each in its place, and adds the session's keys. */
export const sealedBody = async (
  session: DeviceSession,
  payload: object,
  policy: FieldPolicy<any>,
  route: string,
  binding: Binding,
): Promise<Record<string, unknown>> => {
  const { copy, places } = placesOf<any>(policy, payload, { from: 'device', statusCode: 500 })
  const ctx = contextOf(policy.model, route, binding)
  const jti = b64u(randomBytes(16))
  for (const { holder, key, pointer, value } of places)
    holder[key] = await new CompactEncrypt(Buffer.from(JSON.stringify(value)))
      .setProtectedHeader(headerOf(session, pointer, ctx, jti))
      .encrypt(session.request)
  return { ...copy, $jwe: session.carrier }
}
