// A device as others would write it: with jose, from the description of the format alone. Nothing that is bound,
// and no place, comes from code of ours.
import { createHash, randomBytes } from 'node:crypto'
import type { Binding, FieldPolicy } from '@glassine/core'
import {
  CompactEncrypt,
  compactDecrypt,
  decodeProtectedHeader,
  exportJWK,
  generateKeyPair,
  importJWK,
} from 'jose'

export const audience = 'https://api.example.com'
export const b64u = (bytes: Uint8Array | string): string => Buffer.from(bytes).toString('base64url')
const decoder = new TextDecoder()

export interface Place {
  readonly resource?: {
    readonly method: string
    readonly path: string
    readonly query: readonly (readonly [string, string])[]
  }
  readonly sender?: string
  readonly binding?: Binding
}

/** What else a payload is bound to; by default it is a request with the one value. */
export interface Facts {
  readonly direction?: 'request' | 'response'
  readonly answers?: string
  readonly status?: number
  readonly count?: number
  /** Pairs of pointer and JSON text. */
  readonly members?: Readonly<Record<string, string>>
}

const sortedPairs = (pairs: Readonly<Record<string, string>>): string[] => [
  `${Object.keys(pairs).length}`,
  ...Object.keys(pairs)
    .toSorted((a, b) => (a < b ? -1 : 1))
    .flatMap((name) => [name, pairs[name]!]),
]

/** The list of the format's description, each text as UTF-8 behind its length in four bytes, big-endian. */
export const ctxOf = (model: string, place: Place = {}, facts: Facts = {}): string => {
  const { resource = { method: '', path: '', query: [] }, sender = '', binding = {} } = place
  const { direction = 'request', answers = '', status = '', count = 1, members = {} } = facts
  const texts = [
    'glassine-context-2',
    direction,
    sender,
    answers,
    `${status}`,
    `${count}`,
    resource.method,
    resource.path,
    `${resource.query.length}`,
    ...resource.query.flat(),
    model,
    ...sortedPairs(members),
    ...sortedPairs(binding),
  ]
  const bytes = texts.flatMap((text) => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(Buffer.byteLength(text))
    return [length, Buffer.from(text)]
  })
  return b64u(createHash('sha256').update(Buffer.concat(bytes)).digest().subarray(0, 16))
}

/** Where a value stands: `holder[key]`, named by a JSON Pointer (RFC 6901). */
interface Spot {
  readonly holder: any
  readonly key: string
  readonly pointer: string
}

/**
 * The places in a payload that declared paths name, such as `/visits/*\/note`; those that are absent are passed over.
 */
const spotsIn = (payload: unknown, { fields }: FieldPolicy<any>): readonly Spot[] =>
  fields.flatMap(({ path, kind }) => {
    if (kind !== 'encrypted') return []
    const steps = path.split('/').slice(1)
    const last = steps.length - 1
    const walk = (holder: any, at: number, before: string): Spot[] => {
      if (typeof holder !== 'object' || holder === null) return []
      const step = steps[at]!.replaceAll('~1', '/').replaceAll('~0', '~')
      return (step === '*' ? Object.keys(holder) : [step]).flatMap((key) => {
        if (!Object.hasOwn(holder, key) || holder[key] === undefined) return []
        const pointer = `${before}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
        return at === last ? [{ holder, key, pointer }] : walk(holder[key], at + 1, pointer)
      })
    }
    return walk(payload, 0, '')
  })

export interface SessionOptions {
  readonly alg?: 'ECDH-ES' | 'ECDH-ES+A256KW' | 'RSA-OAEP-256'
  readonly forwardSecret?: boolean
  /** Over the protected header of the session JWE. */
  readonly header?: Record<string, unknown>
  /** Over the plaintext of the session JWE. */
  readonly plaintext?: (keys: any[]) => unknown
  /** s since the epoch. */
  readonly now?: number
  readonly apu?: Uint8Array
  readonly apv?: Uint8Array
}

/** Begins a session to a published key. */
export const beginSession = async (jwk: any, options: SessionOptions = {}) => {
  const { alg = jwk.alg, now = Math.floor(Date.now() / 1_000) } = options
  const sid = b64u(randomBytes(16))
  const q = randomBytes(32)
  const r = randomBytes(32)
  const pair = options.forwardSecret
    ? await generateKeyPair('ECDH-ES', { crv: 'P-256', extractable: true })
    : undefined
  const keys: any[] = [
    { kty: 'oct', kid: `${sid}.q`, k: b64u(q) },
    { kty: 'oct', kid: `${sid}.r`, k: b64u(r) },
  ]
  if (pair) {
    const { kty, crv, x, y } = await exportJWK(pair.publicKey)
    keys.push({ kty, crv, kid: `${sid}.e`, x, y })
  }
  const plaintext = options.plaintext ? options.plaintext(keys) : { keys }
  const text = typeof plaintext === 'string' ? plaintext : JSON.stringify(plaintext)
  const header: any = {
    alg,
    enc: 'A256GCM',
    kid: jwk.kid,
    cty: 'jwk-set+json',
    aud: audience,
    iat: now,
    exp: now + 900,
    ...options.header,
  }
  for (const name of Object.keys(header)) if (header[name] === undefined) delete header[name]
  const encrypt = new CompactEncrypt(Buffer.from(text)).setProtectedHeader(header)
  if (options.apu || options.apv)
    encrypt.setKeyManagementParameters({
      ...(options.apu && { apu: options.apu }),
      ...(options.apv && { apv: options.apv }),
    })
  const { crit, zip, ...clean } = jwk
  const carrier = await encrypt.encrypt(await importJWK({ ...clean, alg }, alg))
  const session = { sid, q, r, carrier, privateKey: pair?.privateKey, sent: '' }
  sessions.set(carrier, session)
  return session
}

export interface DeviceSession {
  readonly sid: string
  readonly q: Buffer
  readonly r: Buffer
  readonly carrier: string
  readonly privateKey?: any
  /** The `jti` of the last request. */
  sent: string
}

/** Sessions by what carries their keys. */
const sessions = new Map<string, DeviceSession>()

/** The header of a request without a sealed value: its proof behind the carrier, where the session is one from here. */
export const proved = async (
  header: string,
  { model }: FieldPolicy<any>,
  place: Place = {},
  facts: Facts = {},
): Promise<string> => {
  const session = sessions.get(header)
  if (session === undefined) return header
  session.sent = newJti()
  const ctx = ctxOf(model, place, { count: 0, ...facts })
  const proof = { ...requestHeader(session, '', ctx), jti: session.sent }
  return `${header};proof=${await sealValue(session, proof, '{}')}`
}

/** The header of an encrypted value in a request, but for its `jti`. */
export const requestHeader = ({ sid }: { readonly sid: string }, p: string, ctx: string) => ({
  alg: 'dir',
  enc: 'A256GCM',
  kid: `${sid}.q`,
  p,
  ctx,
})

/** Header of a field, with changes. */
export type HeaderChange = (header: Record<string, unknown>, pointer: string) => Record<string, unknown>

const newJti = (): string => b64u(randomBytes(16))

export const sealValue = (
  session: DeviceSession,
  header: Record<string, unknown>,
  text: string,
  key = session.q,
) => new CompactEncrypt(Buffer.from(text)).setProtectedHeader(header as any).encrypt(key)

/** Seals the declared fields of a payload, each in its place. */
export const sealFields = async <T extends object>(
  session: DeviceSession,
  payload: T,
  policy: FieldPolicy<any>,
  place: Place = {},
  {
    change = (header) => header,
    jti = newJti(),
    carrier = true,
    members,
  }: { change?: HeaderChange; jti?: string; carrier?: boolean; members?: Facts['members'] } = {},
): Promise<any> => {
  const copy: any = structuredClone(payload)
  const spots = spotsIn(copy, policy)
  const ctx = ctxOf(policy.model, place, { count: spots.length, members })
  session.sent = jti
  for (const { holder, key, pointer } of spots) {
    const header = { ...requestHeader(session, pointer, ctx), jti }
    holder[key] = await sealValue(session, change(header, pointer), JSON.stringify(holder[key]))
  }
  return carrier ? { ...copy, $jwe: session.carrier } : copy
}

/** Opens the proof of a response without a sealed value; returns its `jti`. */
export const openProof = async (
  session: DeviceSession,
  proof: string,
  { model }: FieldPolicy<any>,
  place: Place = {},
  facts: Facts = {},
): Promise<unknown> => {
  const { plaintext, protectedHeader } = await compactDecrypt(proof, session.r)
  const { jti, ...header } = protectedHeader
  const ctx = ctxOf(model, place, { direction: 'response', answers: session.sent, count: 0, ...facts })
  const expected = { alg: 'dir', enc: 'A256GCM', kid: `${session.sid}.r`, p: '', ctx }
  if (JSON.stringify(header) !== JSON.stringify(expected) || decoder.decode(plaintext) !== '{}')
    throw new Error(`no proof for here: ${JSON.stringify(header)}`)
  return jti
}

/** Opens the sealed fields of a response. */
export const openFields = async (
  session: DeviceSession,
  payload: any,
  policy: FieldPolicy<any>,
  place: Place = {},
  facts: Facts = {},
): Promise<{ readonly payload: any; readonly jtis: readonly unknown[]; readonly ticket?: string }> => {
  const { $jwe: ticket, $proof: proof, ...copy } = structuredClone(payload)
  const jtis: unknown[] = []
  const spots = spotsIn(copy, policy)
  const response = { direction: 'response', answers: session.sent, count: spots.length, ...facts } as const
  const ctx = ctxOf(policy.model, place, response)
  if (ticket) sessions.set(ticket, session)
  if ((spots.length === 0) !== (proof !== undefined)) throw new Error('a proof is in place of values')
  if (proof) await openProof(session, proof, policy, place, facts)
  for (const { holder, key, pointer } of spots) {
    const { plaintext, protectedHeader: header } = await compactDecrypt(holder[key], session.r)
    if (header.kid !== `${session.sid}.r` || header.p !== pointer || header.ctx !== ctx)
      throw new Error(`not sealed for here: ${JSON.stringify(header)}`)
    jtis.push(header.jti)
    let text = decoder.decode(plaintext)
    if (session.privateKey) {
      if (header.cty !== 'JWE' || decodeProtectedHeader(text).kid !== `${session.sid}.e`)
        throw new Error('not nested')
      text = decoder.decode((await compactDecrypt(text, session.privateKey)).plaintext)
    }
    holder[key] = JSON.parse(text)
  }
  return { payload: copy, jtis, ticket }
}
