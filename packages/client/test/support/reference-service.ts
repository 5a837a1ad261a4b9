/**
 * A service as others would write it, with jose and the JSON on the wire. It uses none of Glassine's code, so
 * it checks the format itself, not our reading of it. Runs in Node and in a browser, behind a `fetch`.
 */
import * as jose from 'jose'

type Json = any

export interface Exchange {
  readonly url: string
  readonly init: any
  /** What was on the wire: the body as text, and the header. */
  readonly body: string | undefined
  readonly headerKeys: string | undefined
  /** What the service saw: the payload in the clear. */
  readonly payload: Json
  readonly header: Json
  readonly jti: string | undefined
  /** What was on the wire in return. */
  readonly response: () => string
}

/** The service's response: the payload in the clear, and the pointers that are sealed. */
export interface ServiceResponse {
  readonly status?: number
  readonly headers?: Record<string, string>
  readonly body?: Json
  readonly seal?: readonly string[]
  /** `false`: a response without a sealed value has no proof either, like a gateway's. Default `true`. */
  readonly proof?: boolean
}

/** What a payload is bound to, besides its place. */
interface Bound {
  readonly direction: 'request' | 'response'
  readonly sender: string
  readonly answers: string
  readonly status: string
  readonly count: number
  readonly method: string
  readonly path: string
  readonly query: readonly (readonly [string, string])[]
  readonly model: string
  /** Of the authenticated members, by pointer. */
  readonly members: Readonly<Record<string, string>>
  readonly binding: Readonly<Record<string, string>>
}

export interface ReferenceOptions {
  readonly alg?: 'ECDH-ES' | 'ECDH-ES+A256KW' | 'RSA-OAEP-256'
  readonly audience?: string
  readonly model?: string
  readonly binding?: Record<string, string>
  readonly bundleMember?: string
  /** What the service binds in requests; default: what it sees. */
  readonly context?: Partial<Bound>
  readonly answer?: (exchange: Exchange) => ServiceResponse
  readonly cacheControl?: string
  readonly ticket?: boolean
  /** s; default: as long as the session */
  readonly ticketLife?: number
  /** What the service gets wrong: members of its fields' headers, of what they are bound to, of the inner layer. */
  readonly responseHeader?: Record<string, unknown>
  readonly responseContext?: Partial<Bound>
  readonly innerHeader?: Record<string, unknown>
  readonly nested?: 'no' | 'pretended' | 'always'
  readonly plaintext?: string | Uint8Array
  /** Changes what leaves the service: tampering in transit. */
  readonly tamper?: (body: Json, service: ReferenceService) => Json
  /** Signs the key set. */
  readonly signer?: jose.CryptoKey
  readonly signedHeader?: Record<string, unknown>
  readonly signedPayload?: Record<string, unknown>
}

const text = new TextEncoder()

/** `JSON.stringify`, except for -0. */
const json = (value: Json): string =>
  JSON.stringify(value, (_key, part) => (Object.is(part, -0) ? '<-0>' : part)).replaceAll('"<-0>"', '-0')

const sortedPairs = (pairs: Readonly<Record<string, string>>): string[] => [
  `${Object.keys(pairs).length}`,
  ...Object.keys(pairs)
    .sort()
    .flatMap((name) => [name, pairs[name]!]),
]

/** Length-prefixed UTF-8, as the format specifies. */
const contextOf = async (bound: Bound): Promise<string> => {
  const texts = [
    'glassine-context-2',
    bound.direction,
    bound.sender,
    bound.answers,
    bound.status,
    `${bound.count}`,
    bound.method,
    bound.path,
    `${bound.query.length}`,
    ...bound.query.flat(),
    bound.model,
    ...sortedPairs(bound.members),
    ...sortedPairs(bound.binding),
  ]
  const parts = texts.flatMap((one) => {
    const bytes = text.encode(one)
    const { length } = bytes
    return [(length >>> 24) & 255, (length >>> 16) & 255, (length >>> 8) & 255, length & 255, ...bytes]
  })
  const digest = await crypto.subtle.digest('SHA-256', Uint8Array.from(parts))
  return jose.base64url.encode(new Uint8Array(digest).subarray(0, 16))
}

/** What a request addresses, as a function behind a gateway sees it. */
const addressOf = (url: string): Pick<Bound, 'path' | 'query'> => {
  const { pathname, searchParams } = new URL(url)
  const path = `/${decodeURIComponent(pathname).split('/').filter(Boolean).join('/')}`
  return { path, query: [...searchParams].toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)) }
}

const stepsOf = (pointer: string): string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))

const at = (payload: Json, pointer: string): [holder: Json, key: string] => {
  const steps = stepsOf(pointer)
  const key = steps.pop()!
  let holder = payload
  for (const step of steps) holder = holder?.[step]
  return [holder, key]
}

const problem = (type: string, now: number): Response =>
  new Response(JSON.stringify({ type, title: 'no', status: 400 }), {
    status: 400,
    headers: { 'content-type': 'application/problem+json', date: new Date(now).toUTCString() },
  })

const isJwe = (value: unknown): value is string =>
  typeof value === 'string' && /^eyJ[\w-]*\.(?:[\w-]*\.){3}[\w-]*$/.test(value)

export class ReferenceService {
  readonly options: ReferenceOptions
  readonly exchanges: Exchange[] = []
  readonly keyFetches: any[] = []
  readonly keyUrls: string[] = []
  /** Unwrapped sessions and accepted tickets. */
  unwraps = 0
  /** Requests whose session or ticket had expired or was unknown. */
  refusals = 0
  /** The numbers of requests that may arrive twice. */
  readonly rids = new Set<string | undefined>()
  tickets = 0
  /** How far the service's clock is ahead, in ms. */
  clock = 0
  /** The problems with which the next requests are answered. */
  problems: string[] = []
  #pair!: { publicKey: jose.CryptoKey; privateKey: jose.CryptoKey }
  jwk!: jose.JWK
  readonly #ticketKey = crypto.getRandomValues(new Uint8Array(32))

  private constructor(options: ReferenceOptions) {
    this.options = options
  }

  static async start(options: ReferenceOptions = {}): Promise<ReferenceService> {
    const service = new ReferenceService(options)
    await service.rotate()
    return service
  }

  /** Creates a new key and forgets the old one. */
  async rotate(): Promise<void> {
    const { alg = 'ECDH-ES' } = this.options
    this.#pair = await jose.generateKeyPair(alg, { extractable: true })
    const jwk = await jose.exportJWK(this.#pair.publicKey)
    this.jwk = { ...jwk, use: 'enc', alg, kid: await jose.calculateJwkThumbprint(jwk, 'sha256') }
  }

  /** The published key set. */
  keys: () => Json = () => ({ keys: [this.jwk] })

  readonly fetch = (async (input: any, init: any = {}): Promise<Response> => {
    const url = String(input)
    if (url.endsWith('/.well-known/jwks.json')) {
      this.keyUrls.push(url)
      return this.#jwks(init)
    }
    const headers = new Headers(init.headers)
    const [headerKeys, proof] = headers.get('encryption-key')?.split(';proof=') ?? []
    const body = init.body === undefined ? undefined : JSON.parse(init.body)
    const jwe = headerKeys ?? body?.$jwe
    const next = this.problems.shift()
    if (next) return problem(next, Date.now() + this.clock)
    let keys: Json
    try {
      keys = jwe && (await this.#session(jwe))
    } catch (error) {
      this.refusals++
      if ((error as Error).message === 'unknown-kid' || (error as Error).message === 'session-expired')
        return problem((error as Error).message, Date.now() + this.clock)
      throw error
    }
    if (body) delete body.$jwe
    const { method = 'GET' } = init
    const { model = 'patient', binding = {}, context } = this.options
    const asked: Bound = {
      direction: 'request',
      sender: /^Bearer (.+)$/.exec(headers.get('authorization') ?? '')?.[1] ?? '',
      answers: '',
      status: '',
      count: 0,
      method: method.toUpperCase(),
      ...addressOf(url),
      model,
      members: {},
      binding,
      ...context,
    }
    const opened = await this.#open(body, keys, asked, proof)
    const exchange: Exchange = {
      url,
      init,
      body: init.body,
      headerKeys,
      payload: opened.payload,
      header: jwe && jose.decodeProtectedHeader(jwe),
      jti: opened.jti,
      response: () => answered,
    }
    let answered = ''
    this.exchanges.push(exchange)
    const answer = this.options.answer?.(exchange) ?? { body: opened.payload, seal: opened.pointers }
    const response = await this.#respond(answer, keys, asked, opened.jti)
    answered = await response.clone().text()
    return response
  }) as typeof globalThis.fetch

  async #jwks(init: any): Promise<Response> {
    this.keyFetches.push(init)
    const { signer, cacheControl = 'max-age=300', signedHeader, signedPayload } = this.options
    const headers = { 'cache-control': cacheControl }
    if (!signer) return new Response(JSON.stringify(this.keys()), { headers })
    const iat = Math.floor(Date.now() / 1000)
    const jws = await new jose.CompactSign(
      text.encode(JSON.stringify({ ...this.keys(), iat, exp: iat + 600, ...signedPayload })),
    )
      .setProtectedHeader({ alg: 'ES256', typ: 'jwk-set+jwt', kid: 'signer', ...signedHeader })
      .sign(signer)
    return new Response(jws, { headers })
  }

  async #session(jwe: string): Promise<Json> {
    const header: Json = jose.decodeProtectedHeader(jwe)
    const isTicket = header.typ === 'glassine-ticket'
    if (!isTicket && header.kid !== this.jwk.kid) throw new Error('unknown-kid')
    const { plaintext } = await jose.compactDecrypt(jwe, isTicket ? this.#ticketKey : this.#pair.privateKey, {
      keyManagementAlgorithms: [isTicket ? 'dir' : this.jwk.alg!],
      contentEncryptionAlgorithms: ['A256GCM'],
    })
    const now = (Date.now() + this.clock) / 1000
    const { audience = 'https://api.example.com' } = this.options
    if (header.aud !== audience || header.cty !== 'jwk-set+json' || header.enc !== 'A256GCM')
      throw new Error('the header of the session is wrong')
    if (!(header.iat <= now + 60 && now < header.exp && header.exp - header.iat <= 900))
      throw new Error('session-expired')
    isTicket ? this.tickets++ : this.unwraps++
    const { keys } = JSON.parse(new TextDecoder().decode(plaintext))
    const find = (use: string) => keys.find(({ kid }: Json) => kid.endsWith(use))
    return {
      q: find('.q'),
      r: find('.r'),
      e: find('.e'),
      exp: header.exp,
      text: new TextDecoder().decode(plaintext),
    }
  }

  async #open(payload: Json, keys: Json, asked: Bound, proof: string | undefined) {
    const pointers: string[] = []
    let jti: string | undefined
    const open = async (jwe: string, pointer: string): Promise<Json> => {
      const { plaintext, protectedHeader } = await jose.compactDecrypt(jwe, jose.base64url.decode(keys.q.k))
      const { alg, enc, kid, p, ctx: bound, jti: id, rid, ...rest } = protectedHeader as Json
      jti ??= id
      this.rids.add(rid)
      if (
        alg !== 'dir' ||
        enc !== 'A256GCM' ||
        kid !== keys.q.kid ||
        p !== pointer ||
        bound !== ctx ||
        id !== jti
      )
        throw new Error(`the header of ${pointer} is wrong`)
      if (Object.keys(rest).length > 0) throw new Error('the header holds more')
      return JSON.parse(new TextDecoder().decode(plaintext))
    }
    const walk = async (value: Json, pointer: string): Promise<Json> => {
      if (isJwe(value) && 'ctx' in jose.decodeProtectedHeader(value)) {
        pointers.push(pointer)
        return open(value, pointer)
      }
      if (typeof value !== 'object' || value === null) return value
      for (const name of Object.keys(value))
        value[name] = await walk(
          value[name],
          `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`,
        )
      return value
    }
    const { bundleMember } = this.options
    const isField = (value: Json): boolean => isJwe(value) && 'ctx' in jose.decodeProtectedHeader(value)
    const countOf = (value: Json): number =>
      isField(value)
        ? 1
        : typeof value === 'object' && value !== null
          ? Object.values(value).reduce((sum: number, one) => sum + countOf(one), 0)
          : 0
    const count = countOf(payload)
    if ((count === 0) !== (proof !== undefined)) throw new Error('neither values nor a proof, or both')
    const ctx = await contextOf({ ...asked, count })
    if (proof !== undefined && JSON.stringify(await open(proof, '')) !== '{}') throw new Error('no proof')
    if (!bundleMember || !payload?.[bundleMember]) return { payload: await walk(payload, ''), pointers, jti }
    const members = await open(payload[bundleMember], `/${bundleMember}`)
    delete payload[bundleMember]
    for (const [pointer, value] of Object.entries(members)) {
      const [holder, key] = at(payload, pointer)
      holder[key] = value
    }
    return { payload, pointers: Object.keys(members), jti }
  }

  /** One field of a response: under the session's key; for forward secrecy also to the device's key. */
  async #sealed(value: string, { p, ctx, jti }: Record<string, string>, keys: Json): Promise<string> {
    const { responseHeader, innerHeader, nested, plaintext: other } = this.options
    let plaintext =
      other === undefined ? text.encode(value) : typeof other === 'string' ? text.encode(other) : other
    const isNested = nested === 'always' || (keys.e && nested === undefined)
    if (isNested) {
      const { enc = 'A256GCM', ...rest } = { kid: keys.e?.kid, ...innerHeader } as Json
      const device = keys.e ? await jose.importJWK(keys.e, 'ECDH-ES') : this.#pair.publicKey
      const inner = await new jose.CompactEncrypt(plaintext)
        .setProtectedHeader({ alg: 'ECDH-ES', enc, ...rest })
        .encrypt(device)
      plaintext = text.encode(inner)
    }
    const cty = (isNested || nested === 'pretended') && { cty: 'JWE' }
    const kid = keys.r.kid
    return new jose.CompactEncrypt(plaintext)
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid, p, ctx, jti, ...cty, ...responseHeader } as Json)
      .encrypt(jose.base64url.decode(keys.r.k), { crit: { exp: true } })
  }

  async #proof({ ctx, jti }: Record<'ctx' | 'jti', string>, keys: Json): Promise<string> {
    return new jose.CompactEncrypt(text.encode('{}'))
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: keys.r.kid, p: '', ctx, jti })
      .encrypt(jose.base64url.decode(keys.r.k))
  }

  async #respond(answer: ServiceResponse, keys: Json, asked: Bound, jti = ''): Promise<Response> {
    const { status = 200, headers, body, seal = [], proof = true } = answer
    const { bundleMember, ticket, ticketLife, tamper, responseContext } = this.options
    const ctx = await contextOf({
      ...asked,
      direction: 'response',
      answers: jti,
      status: `${status}`,
      count: bundleMember ? Math.min(1, seal.length) : seal.length,
      ...responseContext,
    })
    const common = { ctx, jti: jose.base64url.encode(crypto.getRandomValues(new Uint8Array(16))) }
    const proofs = proof && keys && seal.length === 0 ? await this.#proof(common, keys) : undefined
    const isRoot = typeof body === 'object' && body !== null && status < 400
    const beside = proofs && !isRoot && { 'encryption-proof': proofs }
    if (body === undefined) return new Response(null, { status, headers: { ...headers, ...beside } })
    let payload: Json = typeof body === 'string' ? body : structuredClone(body)
    if (proofs && isRoot) payload.$proof = proofs
    const sealed = (value: string, p: string) => this.#sealed(value, { p, ...common }, keys)
    if (bundleMember) {
      const members: Json = {}
      for (const pointer of seal) {
        const [holder, key] = at(payload, pointer)
        members[pointer] = holder[key]
        if (Array.isArray(holder)) (holder as Json)[key] = null
        else delete holder[key]
      }
      if (seal.length > 0) payload[bundleMember] = await sealed(json(members), `/${bundleMember}`)
    } else
      for (const pointer of seal) {
        const [holder, key] = at(payload, pointer)
        holder[key] = await sealed(json(holder[key]), pointer)
      }
    if (ticket && keys && typeof payload === 'object')
      payload.$jwe = await new jose.CompactEncrypt(text.encode(keys.text))
        .setProtectedHeader({
          alg: 'dir',
          enc: 'A256GCM',
          typ: 'glassine-ticket',
          cty: 'jwk-set+json',
          kid: 'opaque',
          aud: this.options.audience ?? 'https://api.example.com',
          iat: Math.floor(Date.now() / 1000),
          exp: ticketLife ? Math.floor(Date.now() / 1000) + ticketLife : keys.exp,
        } as Json)
        .encrypt(this.#ticketKey)
    if (tamper) payload = tamper(payload, this)
    return new Response(typeof payload === 'string' ? payload : JSON.stringify(payload), {
      status,
      headers: {
        'content-type': 'application/json',
        etag: '"1"',
        'content-length': '1',
        'x-kept': 'yes',
        ...headers,
        ...beside,
      },
    })
  }
}
