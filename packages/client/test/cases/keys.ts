import * as jose from 'jose'
import { equal, ok, refused } from '../support/check.ts'
import { clock, standing } from '../support/clock.ts'
import { type Cases, pair, patient } from '../support/patient.ts'
import { ReferenceService } from '../support/reference-service.ts'

const post = () => ({ method: 'POST', body: patient() })

type Pair = Awaited<ReturnType<typeof pair>>

/** No session is begun, so nothing is sent to the service. */
const keysRefused = async ({ service, api }: Pair, code = 'ERR_KEY_REFUSED') => {
  await refused(api.fetch('/patients', post()), code)
  equal(service.exchanges.length, 0, 'nothing was sent')
}

const accepted = async ({ service, api }: Pair) => {
  equal(await (await api.fetch('/patients', post())).json(), patient())
  return service.exchanges.at(-1)!.header
}

const answering = (response: () => Response | Promise<Response>) =>
  pair({}, { fetch: (async () => response()) as never })

const signed = async (reference: object = {}, trust?: object, options: object = {}) => {
  const { publicKey, privateKey } = await jose.generateKeyPair('ES256', { extractable: true })
  const jwk = await jose.exportJWK(publicKey)
  return pair(
    { signer: privateKey, ...reference },
    { serviceKeys: { trust: (trust ?? jwk) as never }, ...options },
  )
}

/** Which keys of the service are believed, and for how long. */
export const keys: Cases = {
  'the id of a key is computed and compared (RFC 7638)': async () => {
    const both = await pair()
    equal((await accepted(both)).kid, await jose.calculateJwkThumbprint(both.service.jwk))
    for (const change of [{ kid: 'key-1' }, { kid: undefined }, { x: both.service.jwk.y }]) {
      const other = await pair()
      other.service.keys = () => ({ keys: [{ ...other.service.jwk, ...change }] })
      await keysRefused(other)
    }
  },

  'the thumbprint of RFC 7638, section 3.1': async () => {
    const n =
      '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw'
    const kid = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs'
    let body: any
    const fetch = async (url: string, init: any) => {
      if (url.endsWith('jwks.json'))
        return Response.json({ keys: [{ kty: 'RSA', n, e: 'AQAB', alg: 'RSA-OAEP-256', use: 'enc', kid }] })
      body = JSON.parse(init.body)
      return new Response(null, { status: 503 })
    }
    const { api } = await pair({}, { fetch: fetch as never })
    await api.fetch('/patients', post())
    equal(jose.decodeProtectedHeader(body.$jwe).kid, kid)
  },

  'no key without a pin is taken, even if it comes first': async () => {
    const other = await ReferenceService.start()
    const pinned = await ReferenceService.start()
    const publish = (service: ReferenceService) => {
      service.keys = () => ({ keys: [other.jwk, pinned.jwk] })
    }
    publish(pinned)
    const options = (pins: string[]) => ({ fetch: pinned.fetch, serviceKeys: { pins } })
    const { api } = await pair({}, options([pinned.jwk.kid!, 'a-next-one']))
    equal(await (await api.fetch('/patients', post())).json(), patient())
    equal(pinned.exchanges[0]!.header.kid, pinned.jwk.kid)
    await keysRefused(await pair({}, options(['x'])))
    // A pin is compared with what was computed, not with what the key says of itself.
    pinned.keys = () => ({ keys: [{ ...other.jwk, kid: pinned.jwk.kid }] })
    await keysRefused(await pair({}, options([pinned.jwk.kid!])))
  },

  'the first key of an allowed algorithm is taken, and no other': async () => {
    const rsa = await ReferenceService.start({ alg: 'RSA-OAEP-256' })
    const signing = { ...(await ReferenceService.start()).jwk, use: 'sig' }
    const both = await pair()
    const { service } = both
    service.keys = () => ({
      keys: [signing, { kty: 'oct', k: 'AAAA', alg: 'dir' }, service.jwk, rsa.jwk],
    })
    equal((await accepted(both)).alg, 'ECDH-ES')
    equal(
      await accepted(await pair({ alg: 'RSA-OAEP-256' }, { serviceKeys: { algs: ['RSA-OAEP-256'] } })).then(
        ({ alg }) => alg,
      ),
      'RSA-OAEP-256',
    )
    service.keys = () => ({ keys: [service.jwk] })
    await keysRefused(await pair({}, { fetch: service.fetch, serviceKeys: { algs: ['RSA-OAEP-256'] } }))
  },

  'a key whose algorithm does not fit its type is refused': async () => {
    for (const [alg, named] of [
      ['ECDH-ES', 'RSA-OAEP-256'],
      ['RSA-OAEP-256', 'ECDH-ES'],
    ] as const) {
      const both = await pair({ alg })
      both.service.keys = () => ({ keys: [{ ...both.service.jwk, alg: named }] })
      await keysRefused(both)
    }
  },

  'a point off the curve and a short RSA key are refused': async () => {
    const { jwk } = await ReferenceService.start()
    const off = { ...jwk, y: jwk.x }
    off.kid = await jose.calculateJwkThumbprint(off)
    const rsa = await crypto.subtle.generateKey(
      { name: 'RSA-OAEP', hash: 'SHA-256', modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]) },
      true,
      ['encrypt', 'decrypt'],
    )
    const { n, e, kty } = await crypto.subtle.exportKey('jwk', rsa.publicKey)
    const short: any = { kty, n, e, alg: 'RSA-OAEP-256' }
    short.kid = await jose.calculateJwkThumbprint(short)
    for (const key of [off, short]) {
      const both = await pair()
      both.service.keys = () => ({ keys: [key] })
      await keysRefused(both)
    }
  },

  'anything other than a key set is refused': async () => {
    for (const set of [{}, { keys: {} }, { keys: [] }, { keys: [null] }, { keys: ['x'] }, []]) {
      const both = await pair()
      both.service.keys = () => set
      await keysRefused(both)
    }
  },

  'after no response, an error or an HTML page the keys are unavailable': async () => {
    for (const answer of [
      () => Promise.reject(new TypeError('fetch failed')),
      () => new Response('{"keys":[]}', { status: 500 }),
      () => new Response('<html>', { status: 200 }),
      () => Response.json({ keys: [] }, { status: 404 }),
    ])
      await keysRefused(await answering(answer), 'ERR_KEY_UNAVAILABLE')
  },

  'a failure is not cached': async () => {
    const both = await pair()
    const { keys: published } = both.service
    both.service.keys = () => ({})
    await keysRefused(both)
    both.service.keys = published
    await accepted(both)
  },

  'keys are requested without credentials, and no redirect is followed': async () => {
    const plain = await pair()
    await accepted(plain)
    const [init] = plain.service.keyFetches
    equal([init.credentials, init.redirect, init.cache], ['omit', 'error', 'default'])
    const jwksUri = 'https://keys.example.com/v1/.well-known/jwks.json'
    const elsewhere = await pair({}, { serviceKeys: { jwksUri } })
    await accepted(elsewhere)
    equal(elsewhere.service.keyUrls, [jwksUri])
  },

  'a set signed with ES256 is accepted': async () => {
    const both = await signed()
    await accepted(both)
    equal(both.service.keyFetches[0].headers.accept, 'application/jwk-set+jwt')
  },

  'a set that is unsigned, signed by another key, or of another type is refused': async () => {
    const { publicKey } = await jose.generateKeyPair('ES256', { extractable: true })
    await keysRefused(await signed({}, await jose.exportJWK(publicKey)))
    for (const typ of ['JWT', 'jwk-set+json']) await keysRefused(await signed({ signedHeader: { typ } }))
    const { jwk } = await ReferenceService.start()
    const body = jose.base64url.encode(JSON.stringify({ keys: [jwk] }))
    const none = jose.base64url.encode('{"alg":"none","typ":"jwk-set+jwt"}')
    for (const text of [
      `${none}.${body}.`,
      JSON.stringify({ keys: [jwk] }),
      '',
      'x.y.z',
      `${none}.${body}.AAAA`,
    ]) {
      const trust = await jose.exportJWK(publicKey)
      const fetch = (async () => new Response(text)) as never
      await keysRefused(await pair({}, { fetch, serviceKeys: { trust: trust as never } }))
    }
  },

  'a signature with another algorithm by the same key is refused': async () => {
    // HMAC with the public key as its secret, the classic confusion.
    const { publicKey } = await jose.generateKeyPair('ES256', { extractable: true })
    const trust = await jose.exportJWK(publicKey)
    const { jwk } = await ReferenceService.start()
    const jws = await new jose.CompactSign(new TextEncoder().encode(JSON.stringify({ keys: [jwk] })))
      .setProtectedHeader({ alg: 'HS256', typ: 'jwk-set+jwt' })
      .sign(new TextEncoder().encode(JSON.stringify(trust)))
    const fetch = (async () => new Response(jws)) as never
    await keysRefused(await pair({}, { fetch, serviceKeys: { trust: trust as never } }))
  },

  "a set whose header names an algorithm other than the signature's is refused": async () => {
    const pairOfKeys = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
      'sign',
      'verify',
    ])
    const trust: any = await crypto.subtle.exportKey('jwk', pairOfKeys.publicKey)
    const { jwk } = await ReferenceService.start()
    for (const [alg, code] of [
      ['none', 'ERR_KEY_REFUSED'],
      ['ES256', undefined],
    ]) {
      const head = jose.base64url.encode(JSON.stringify({ alg, typ: 'jwk-set+jwt' }))
      const input = `${head}.${jose.base64url.encode(JSON.stringify({ keys: [jwk] }))}`
      const es256 = { name: 'ECDSA', hash: 'SHA-256' }
      const bytes = await crypto.subtle.sign(es256, pairOfKeys.privateKey, new TextEncoder().encode(input))
      const text = `${input}.${jose.base64url.encode(new Uint8Array(bytes))}`
      const fetch = (async (url: string) =>
        url.endsWith('jwks.json') ? new Response(text) : new Response(null, { status: 503 })) as never
      const both = await pair({}, { fetch, serviceKeys: { trust } })
      if (code) await keysRefused(both)
      else equal((await both.api.fetch('/patients', post())).status, 503)
    }
  },

  'a set whose expiry is not a number is refused': async () => {
    for (const exp of ['tomorrow', {}, Number.NaN, null])
      await keysRefused(await signed({ signedPayload: { exp } }))
  },

  'a signed set is not cached beyond its expiry': () =>
    standing(async () => {
      const exp = Math.floor(Date.now() / 1000) + 30
      const both = await signed({ signedPayload: { exp } }, undefined, { session: { maxAge: 1_000 } })
      await accepted(both)
      await clock(28_000, () => accepted(both))
      equal(both.service.keyFetches.length, 1)
      await clock(31_000, () => refused(both.api.fetch('/patients', post()), 'ERR_KEY_REFUSED'))
    }),

  'an expired signed set is refused': async () => {
    const past = Math.floor(Date.now() / 1000) - 1
    await keysRefused(await signed({ signedPayload: { exp: past } }))
  },

  'keys are cached for as long as Cache-Control, `maxAge` and the expiry of a signed set allow': () =>
    standing(async () => {
      const fetches = async (both: Pair, ms: number) => {
        await accepted(both)
        await clock(ms, async () => {
          both.service.keyFetches.length = 0
          // Another session asks for the key again; the pair of keys is the same.
          await accepted(both)
        })
        return both.service.keyFetches.length
      }
      const options = { session: { maxAge: 1_000 } }
      const aged = (cacheControl?: string, serviceKeys = {}) =>
        pair({ cacheControl }, { ...options, serviceKeys })
      equal(await fetches(await aged('public, max-age=60'), 59_000), 0)
      equal(await fetches(await aged('public, max-age=60'), 60_001), 1)
      equal(await fetches(await aged('no-store'), 2_000), 1)
      equal(await fetches(await aged('no-cache, max-age=60'), 2_000), 1)
      equal(await fetches(await aged(''), 3_599_000), 0)
      equal(await fetches(await aged(''), 3_600_001), 1)
      equal(await fetches(await aged('max-age=600', { maxAge: 5_000 }), 4_000), 0)
      equal(await fetches(await aged('max-age=600', { maxAge: 5_000 }), 5_001), 1)
    }),

  'keys and sessions live in Web Crypto, and none of them can be exported': async () => {
    for (const alg of ['ECDH-ES', 'RSA-OAEP-256'] as const) {
      const made: any[] = []
      const subtle = new Proxy(crypto.subtle, {
        get: (target, name) => {
          const method = (target as any)[name].bind(target)
          return async (...args: unknown[]) => {
            const result = await method(...args)
            if (/^(?:import|generate)Key$/.test(String(name))) made.push(result)
            return result
          }
        },
      })
      const getRandomValues = (array: Uint8Array<ArrayBuffer>) => crypto.getRandomValues(array)
      const both = await pair(
        { alg },
        { crypto: { subtle, getRandomValues } as never, response: { mode: 'forward-secret' } },
      )
      await accepted(both)
      const all = made.flatMap((key) => (key.privateKey ? [key.privateKey] : [key]))
      const secret = all.filter(({ type }) => type !== 'public')
      ok(secret.length >= 5, 'keys were made')
      equal(
        secret.map(({ extractable }) => extractable),
        secret.map(() => false),
      )
    }
  },
}
