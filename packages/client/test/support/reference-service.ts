/**
 * A service as others would write it, on jose and the JSON of the wire: it knows nothing of Glassine's code, so what
 * it opens and seals is the format and not our reading of it. Runs in Node and in a browser, behind a `fetch`.
 */
import * as jose from 'jose'

type Json = any

export interface Exchange {
  readonly url: string
  readonly init: any
  /** What the wire carried: the body as text, and the header. */
  readonly body: string | undefined
  readonly carrier: string | undefined
  /** What the service saw: the payload in the clear. */
  readonly payload: Json
  readonly header: Json
  readonly jti: string | undefined
  /** What the wire carried back. */
  readonly response: () => string
}

/** What the service answers: the payload in the clear, and the pointers of it that are sealed. */
export interface Answer {
  readonly status?: number
  readonly headers?: Record<string, string>
  readonly body?: Json
  readonly seal?: readonly string[]
}

export interface ReferenceOptions {
  readonly alg?: 'ECDH-ES' | 'ECDH-ES+A256KW' | 'RSA-OAEP-256'
  readonly audience?: string
  readonly model?: string
  readonly binding?: Record<string, string>
  readonly bundleMember?: string
  /** The route that the service binds, `POST /patients`; default: what the client's path says. */
  readonly route?: string
  readonly answer?: (exchange: Exchange) => Answer
  readonly cacheControl?: string
  readonly ticket?: boolean
  /** s; default: as long as the session */
  readonly ticketLife?: number
  /** What the service does wrong: members of its fields' headers, of what they are bound to, of the inner layer. */
  readonly responseHeader?: Record<string, unknown>
  readonly responseContext?: { route?: string; model?: string; binding?: Record<string, string> }
  readonly innerHeader?: Record<string, unknown>
  readonly nested?: 'no' | 'pretended' | 'always'
  readonly plaintext?: string | Uint8Array
  /** Wraps what leaves the service: tampering on the way. */
  readonly tamper?: (body: Json, service: ReferenceService) => Json
  /** Signs the key set. */
  readonly signer?: jose.CryptoKey
  readonly signedHeader?: Record<string, unknown>
  readonly signedPayload?: Record<string, unknown>
}

const text = new TextEncoder()

/** `JSON.stringify`, but for -0. */
const json = (value: Json): string =>
  JSON.stringify(value, (_key, part) => (Object.is(part, -0) ? '<-0>' : part)).replaceAll('"<-0>"', '-0')

/** Length-prefixed UTF-8, as the format's description has it. */
const contextOf = async (route: string, model: string, binding: Record<string, string>): Promise<string> => {
  const texts = [
    route,
    model,
    ...Object.keys(binding)
      .sort()
      .flatMap((name) => [name, binding[name]!]),
  ]
  const parts = texts.flatMap((one) => {
    const bytes = text.encode(one)
    const { length } = bytes
    return [(length >>> 24) & 255, (length >>> 16) & 255, (length >>> 8) & 255, length & 255, ...bytes]
  })
  const digest = await crypto.subtle.digest('SHA-256', Uint8Array.from(parts))
  return jose.base64url.encode(new Uint8Array(digest).subarray(0, 16))
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
  /** Sessions that were unwrapped, and tickets that were taken. */
  unwraps = 0
  tickets = 0
  /** How far the service's clock is ahead, in ms. */
  clock = 0
  /** The next requests are answered with these problems. */
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

  /** Makes a new key and forgets the old one. */
  async rotate(): Promise<void> {
    const { alg = 'ECDH-ES' } = this.options
    this.#pair = await jose.generateKeyPair(alg, { extractable: true })
    const jwk = await jose.exportJWK(this.#pair.publicKey)
    this.jwk = { ...jwk, use: 'enc', alg, kid: await jose.calculateJwkThumbprint(jwk, 'sha256') }
  }

  /** Key set, as it is published. */
  keys: () => Json = () => ({ keys: [this.jwk] })

  readonly fetch = (async (input: any, init: any = {}): Promise<Response> => {
    const url = String(input)
    if (url.endsWith('/.well-known/jwks.json')) {
      this.keyUrls.push(url)
      return this.#jwks(init)
    }
    const headers = new Headers(init.headers)
    const [carrier, number] = headers.get('encryption-key')?.split(';jti=') ?? []
    const body = init.body === undefined ? undefined : JSON.parse(init.body)
    const jwe = carrier ?? body?.$jwe
    const next = this.problems.shift()
    if (next) return problem(next, Date.now() + this.clock)
    let keys: Json
    try {
      keys = jwe && (await this.#session(jwe))
    } catch (error) {
      if ((error as Error).message === 'unknown-kid' || (error as Error).message === 'session-expired')
        return problem((error as Error).message, Date.now() + this.clock)
      throw error
    }
    if (body) delete body.$jwe
    const { method = 'GET' } = init
    const { model = 'patient', binding = {}, route = `${method} ${new URL(url).pathname}` } = this.options
    const asked = { route, model, binding }
    const ctx = await contextOf(route, model, binding)
    const opened = await this.#open(body, keys, ctx)
    const exchange: Exchange = {
      url,
      init,
      body: init.body,
      carrier,
      payload: opened.payload,
      header: jwe && jose.decodeProtectedHeader(jwe),
      jti: opened.jti ?? number,
      response: () => answered,
    }
    let answered = ''
    this.exchanges.push(exchange)
    const answer = this.options.answer?.(exchange) ?? { body: opened.payload, seal: opened.pointers }
    const response = await this.#respond(answer, keys, asked, opened.jti ?? number)
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

  async #open(payload: Json, keys: Json, ctx: string) {
    const pointers: string[] = []
    let jti: string | undefined
    const open = async (jwe: string, pointer: string): Promise<Json> => {
      const { plaintext, protectedHeader } = await jose.compactDecrypt(jwe, jose.base64url.decode(keys.q.k))
      const { alg, enc, kid, p, ctx: bound, jti: id, ...rest } = protectedHeader as Json
      jti ??= id
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
    if (!bundleMember || !payload?.[bundleMember]) return { payload: await walk(payload, ''), pointers, jti }
    const members = await open(payload[bundleMember], `/${bundleMember}`)
    delete payload[bundleMember]
    for (const [pointer, value] of Object.entries(members)) {
      const [holder, key] = at(payload, pointer)
      holder[key] = value
    }
    return { payload, pointers: Object.keys(members), jti }
  }

  /** One field of an answer: under the session's key, and for forward secrecy nested in one to the device's key. */
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

  async #respond(answer: Answer, keys: Json, asked: Json, jti: string | undefined): Promise<Response> {
    const { status = 200, headers, body, seal = [] } = answer
    if (body === undefined) return new Response(null, { status, headers })
    const { responseContext } = this.options
    const bound = { ...asked, ...responseContext }
    const ctx = await contextOf(bound.route, bound.model, bound.binding)
    const common = { ctx, jti: jti ?? jose.base64url.encode(crypto.getRandomValues(new Uint8Array(16))) }
    let payload: Json = typeof body === 'string' ? body : structuredClone(body)
    const sealed = (value: string, p: string) => this.#sealed(value, { p, ...common }, keys)
    const { bundleMember, ticket, ticketLife, tamper } = this.options
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
      },
    })
  }
}
