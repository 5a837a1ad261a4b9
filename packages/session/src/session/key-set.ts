import { createSecretKey, type KeyObject } from 'node:crypto'
import { keyUse, maxSessionSeals } from '@glassine/core/internal'
import { type SecretKey, secretKey } from '@glassine/keys/internal'
import { decryptFailed } from '../errors.ts'
import { ephemeralKey } from '../jwe/agreement.ts'
import { keyBytes } from '../jwe/compact.ts'
import { decode, type JsonObject, strictJson } from '../jwe/encoding.ts'

/** The keys of a session (RFC 7517, section 5). OpenSSL holds them, so neither `util.inspect` nor a log shows them. */
export interface SessionKeys {
  /** The session id, 22 characters. The client chooses it, so it proves nothing. */
  readonly sid: string
  /** Decrypts the fields of requests. */
  readonly request: KeyObject & SecretKey
  /** Encrypts the fields of responses. */
  readonly response: KeyObject & SecretKey
  /** The device's key for forward-secret responses, if it sent one. */
  readonly device?: KeyObject
}

const sessionId = /^[\w-]{21}[AQgw]$/

const malformed = () => decryptFailed('the keys of the session are malformed')

/**
 * Reads the plaintext of a session JWE and zeroes it. The strings that JSON.parse makes of it cannot be zeroed.
 *
 * @throws GlassineError `ERR_DECRYPT_FAILED`
 */
export const readKeySet = (plaintext: Buffer): SessionKeys => {
  try {
    const { keys } = strictJson(plaintext)
    // A null would cause a TypeError below, which the cache does not remember: each attempt would cost a call.
    if (!Array.isArray(keys) || keys.length < 2 || keys.length > 3 || keys.includes(null)) throw malformed()
    const [request, response, device] = keys as unknown as readonly [JsonObject, JsonObject, JsonObject?]
    const sid = sidOf(request, keyUse.request)
    if (sidOf(response, keyUse.response) !== sid) throw malformed()
    if (device !== undefined && sidOf(device, keyUse.device) !== sid) throw malformed()
    const [requestKey, responseKey] = [importedKey(request), importedKey(response)]
    // With one key for both directions a response could be sent back as a request.
    if (requestKey.equals(responseKey)) throw malformed()
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
  if (!sessionId.test(sid)) throw malformed()
  return sid
}

const importedKey = ({ kty, k }: JsonObject): KeyObject & SecretKey => {
  if (kty !== 'oct') throw malformed()
  const bytes = decode(k, keyBytes)
  try {
    return secretKey(createSecretKey(bytes))
  } finally {
    bytes.fill(0)
  }
}

/**
 * Writes the keys for a ticket, in the form of the session JWE. The caller zeroes the bytes.
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

/** A cached session: its keys, its end, and how often its response key was used here. */
export interface Session {
  readonly keys: SessionKeys
  /** The audience that its header names. */
  readonly audience: string
  /** The end of the session, in ms since the epoch. */
  readonly expires: number
  /** Whether the session was opened by a ticket: the device has one already. */
  readonly byTicket: boolean
  /** Values encrypted under the response key in this process. */
  seals: number
}

/** Whether a session's response key may encrypt `more` values. */
export const maySeal = ({ seals }: Session, more = 1): boolean => seals + more <= maxSessionSeals
