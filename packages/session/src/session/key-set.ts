import { createSecretKey, type KeyObject } from 'node:crypto'
import { keyUse, maxSessionSeals } from '@glassine/core/internal'
import { type SecretKey, secretKey } from '@glassine/keys/internal'
import { decryptFailed } from '../errors.ts'
import { ephemeralKey } from '../jwe/agreement.ts'
import { keyBytes } from '../jwe/compact.ts'
import { decode, type JsonObject, strictJson } from '../jwe/encoding.ts'

/** The keys of a session (RFC 7517, section 5). OpenSSL holds them: neither `util.inspect` nor a log finds them. */
export interface SessionKeys {
  /** Session id, 22 characters; the client's choice, so that it identifies nothing here. */
  readonly sid: string
  /** Opens the fields of requests. */
  readonly request: KeyObject & SecretKey
  /** Seals the fields of answers. */
  readonly response: KeyObject & SecretKey
  /** The device's key for forward-secret answers, when it wants such. */
  readonly device?: KeyObject
}

const sessionId = /^[\w-]{21}[AQgw]$/

/**
 * Reads the plaintext of a session JWE, and zeroes it: of the texts in the JSON, nobody can do so.
 *
 * @throws GlassineError `ERR_DECRYPT_FAILED`
 */
export const readKeySet = (plaintext: Buffer): SessionKeys => {
  try {
    const { keys } = strictJson(plaintext)
    // A null among them would fail as an error of ours, which nobody remembers: a call for each time it is sent.
    if (!Array.isArray(keys) || keys.length < 2 || keys.length > 3 || keys.includes(null))
      throw decryptFailed()
    const [request, response, device] = keys as unknown as readonly [JsonObject, JsonObject, JsonObject?]
    const sid = sidOf(request, keyUse.request)
    if (sidOf(response, keyUse.response) !== sid) throw decryptFailed()
    if (device !== undefined && sidOf(device, keyUse.device) !== sid) throw decryptFailed()
    const [requestKey, responseKey] = [importedKey(request), importedKey(response)]
    // One key for both directions would let an answer pass for a request.
    if (requestKey.equals(responseKey)) throw decryptFailed()
    return {
      sid,
      request: requestKey,
      response: responseKey,
      ...(device !== undefined && { device: ephemeralKey({ epk: device }) }),
    }
  } finally {
    plaintext.fill(0)
  }
}

const sidOf = ({ kid }: JsonObject, use: string): string => {
  const sid = typeof kid === 'string' && kid.endsWith(use) ? kid.slice(0, -use.length) : ''
  if (!sessionId.test(sid)) throw decryptFailed()
  return sid
}

const importedKey = ({ kty, k }: JsonObject): KeyObject & SecretKey => {
  if (kty !== 'oct') throw decryptFailed()
  const bytes = decode(k, keyBytes)
  try {
    return secretKey(createSecretKey(bytes))
  } finally {
    bytes.fill(0)
  }
}

/**
 * Writes the keys as they were in the session JWE, for a ticket. The caller zeroes the bytes.
 */
export const writeKeySet = ({ sid, request, response, device }: SessionKeys): Buffer => {
  const oct = (key: KeyObject, use: string) => ({
    kty: 'oct',
    kid: sid + use,
    k: key.export({ format: 'jwk' }).k,
  })
  const keys: object[] = [oct(request, keyUse.request), oct(response, keyUse.response)]
  if (device !== undefined) {
    const { x, y } = device.export({ format: 'jwk' })
    keys.push({ kty: 'EC', crv: 'P-256', kid: sid + keyUse.device, x, y })
  }
  return Buffer.from(JSON.stringify({ keys }), 'utf8')
}

/** A session as it is kept: its keys, its end, and what was sealed in it here. */
export interface Session {
  readonly keys: SessionKeys
  /** Whom it was meant for, as its header says. */
  readonly audience: string
  /** ms since the epoch. */
  readonly expires: number
  /** Whether the device has a ticket already. */
  readonly byTicket: boolean
  /** Values sealed under the response key, in this process. */
  seals: number
}

/** Whether a session's response key may seal so many values more. */
export const maySeal = ({ seals }: Session, more = 1): boolean => seals + more <= maxSessionSeals
