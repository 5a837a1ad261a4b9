/**
 * A service that only listens: it publishes a key, records what arrives, and decrypts the keys of sessions with jose.
 */
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { type ClientOptions, createClient } from '@glassine/client'
import { calculateJwkThumbprint, compactDecrypt, decodeProtectedHeader } from 'jose'
import { fields, patient } from './patient.ts'

export type Algorithm = 'ECDH-ES' | 'RSA-OAEP-256'

/** What one request carried. */
export interface Captured {
  readonly body: any
  readonly header: any
  /** The keys of its session by their use. */
  readonly keys: { readonly q: any; readonly r: any; readonly e: any }
}

export const bytes = (text: unknown): Buffer => Buffer.from(text as string, 'base64url')
export const ivOf = (token: string): Buffer => bytes(token.split('.')[2])

/** The sealed fields of the patient, in the order of the declaration. */
export const tokensIn = ({ ssn, address, visits, codes }: any): readonly string[] => [
  ssn,
  address.street,
  ...visits.map(({ note }: any) => note),
  ...codes,
]

export const serviceKey = (
  alg: Algorithm,
): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } =>
  alg === 'ECDH-ES'
    ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
    : generateKeyPairSync('rsa', { modulusLength: 2048 })

/** Sends patients; responses are returned undecrypted, so none has to be sealed. */
export const capture = async (alg: Algorithm, options: Partial<ClientOptions> = {}) => {
  const { publicKey, privateKey } = serviceKey(alg)
  const jwk: any = publicKey.export({ format: 'jwk' })
  const kid = await calculateJwkThumbprint(jwk)
  const bodies: any[] = []
  const api = createClient({
    baseUrl: 'https://api.example.com',
    fields: fields as never,
    fetch: (async (url: string, init: any) => {
      if (url.endsWith('jwks.json')) return Response.json({ keys: [{ ...jwk, use: 'enc', alg, kid }] })
      bodies.push(JSON.parse(init.body))
      return new Response(null, { status: 503 })
    }) as never,
    ...options,
  })
  /** Seals the patient this many times. */
  const send = async (count: number, { sessions = 'one' }: { sessions?: 'one' | 'each' } = {}) => {
    bodies.length = 0
    for (let at = 0; at < count; at++) {
      if (sessions === 'each') api.forget()
      await api.fetch('/patients', { method: 'POST', body: patient() })
    }
    return Promise.all(
      bodies.map(async (body): Promise<Captured> => {
        const { plaintext } = await compactDecrypt(body.$jwe, privateKey)
        const { keys } = JSON.parse(new TextDecoder().decode(plaintext))
        const find = (use: string) => keys.find((key: any) => key.kid.endsWith(use))
        return {
          body,
          header: decodeProtectedHeader(body.$jwe),
          keys: { q: find('.q'), r: find('.r'), e: find('.e') },
        }
      }),
    )
  }
  return { api, kid, privateKey, send }
}
