import { createClient } from '@glassine/client'
import { GlassineError } from '@glassine/core'
import { equal, ok, refused } from '../support/check.ts'
import { type Cases, fields, pair, patient, secrets } from '../support/patient.ts'

const post = (body: unknown) => ({ method: 'POST', body: body as any })

/** Refused before anything is sent, the keys of the service not even asked for. */
const unsent = async (code: string, init: any, path = '/patients', options: object = {}) => {
  const { service, api } = await pair({}, options)
  const error = await refused(api.fetch(path, init), code, secrets)
  equal([service.exchanges.length, service.keyFetches.length], [0, 0], 'nothing was sent')
  return error
}

class Instance {
  ssn = secrets[0]
}

/** A declared field never leaves in the clear, and nothing leaves that cannot be right. */
export const requests: Cases = {
  'a body that is not a plain object is refused': async () => {
    for (const body of [JSON.stringify(patient()), [patient()], null, new Instance(), new FormData(), 5])
      await unsent('ERR_BODY_INVALID', post(body))
  },

  'a missing required field and an undeclared shape are refused': async () => {
    const { ssn: _gone, ...rest } = patient()
    equal((await unsent('ERR_FIELD_MISSING', post(rest))).cause.path, '/ssn')
    await unsent('ERR_FIELD_MISSING', post({ ...patient(), ssn: undefined }))
    await unsent('ERR_FIELD_MISSING', post({ ...patient(), address: secrets[1] }))
    await unsent('ERR_FIELD_MISSING', post({ ...patient(), visits: { 0: { note: secrets[2] } } }))
    await unsent('ERR_VALUE_INVALID', post({ ...patient(), address: new Map([['street', secrets[1]]]) }))
    await unsent('ERR_FIELD_MISSING', post({ ...patient(), ssn: undefined }), '/patients', {
      shape: 'bundle',
    })
  },

  'a value that JSON would change is refused': async () => {
    for (const ssn of [Number.NaN, 1n, new Date(), () => secrets[0], { at: new Date() }, [undefined]])
      equal((await unsent('ERR_VALUE_INVALID', post({ ...patient(), ssn }))).cause.path, '/ssn')
  },

  'values that are sealed already and reserved members are refused': async () => {
    const { service, api } = await pair()
    await api.fetch('/patients', post(patient()))
    const { $jwe, ...sealed } = JSON.parse(service.exchanges[0]!.body!)
    equal((await unsent('ERR_ALREADY_ENCRYPTED', post(sealed))).cause.path, '/ssn')
    equal((await unsent('ERR_ALREADY_ENCRYPTED', post({ ...patient(), $jwe }))).cause.path, '/$jwe')
    const bundle = { shape: 'bundle' } as const
    await unsent('ERR_VALUE_INVALID', post({ ...patient(), sealed: 'x' }), '/patients', bundle)
    await unsent('ERR_ALREADY_ENCRYPTED', post({ ...patient(), sealed: sealed.ssn }), '/patients', bundle)
  },

  'a JWE of another kind is an ordinary value': async () => {
    const { service, api } = await pair()
    const ssn = 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA'
    await api.fetch('/patients', post({ ...patient(), ssn }))
    equal(service.exchanges[0]!.payload.ssn, ssn)
  },

  'no `toJSON` brings back what was sealed': async () => {
    const { service, api } = await pair()
    const clear = patient()
    const toJSON = () => clear
    const body = { ...clear, toJSON, address: { ...clear.address, toJSON: () => clear.address } }
    await api.fetch('/patients', post(body))
    for (const secret of secrets) ok(!service.exchanges[0]!.body!.includes(secret), 'no value on the wire')
    await api.fetch('/patients', post({ ...clear, id: new Date(0) }))
    equal(service.exchanges[1]!.payload.id, '1970-01-01T00:00:00.000Z', 'a date beside the fields is a date')
  },

  'a body that is not JSON outside its fields is refused': async () => {
    const { service, api } = await pair()
    const cycle: any = { ...patient() }
    cycle.self = { cycle }
    const error = await refused(api.fetch('/patients', post(cycle)), 'ERR_BODY_INVALID', secrets)
    equal([error.message, error.cause.path], ['The body cannot be written as JSON', undefined])
    await refused(api.fetch('/patients', post({ ...patient(), id: 1n })), 'ERR_BODY_INVALID', secrets)
    equal(service.exchanges.length, 0)
  },

  'a body is refused for methods without one, and required for the others': async () => {
    for (const method of ['GET', 'HEAD', 'get']) await unsent('ERR_BODY_INVALID', { method, body: patient() })
    for (const method of ['POST', 'PUT', 'PATCH']) await unsent('ERR_BODY_INVALID', { method })
  },

  'a path that could lead to another host is refused': async () => {
    for (const path of ['', 'patients', '@evil.example/patients', '.evil.example', 'https://evil.example/'])
      equal((await unsent('ERR_OPTION_INVALID', post(patient()), path)).cause.option, 'path')
  },

  'a function that fails or returns no binding stops the request': async () => {
    for (const bind of [
      () => undefined,
      { tenant: '' },
      async () => ({ tenant: 7 }),
      { 'aws-crypto-x': 'y' },
    ])
      await unsent('ERR_BINDING_INVALID', post(patient()), '/patients', { bind })
  },

  'more fields than a session may seal are refused': async () => {
    await unsent('ERR_TOO_LARGE', post(patient()), '/patients', { session: { maxSeals: 5 } })
  },

  'fields of a call that are not a declaration are refused': async () => {
    await unsent('ERR_OPTION_INVALID', { ...post(patient()), fields: { request: {} } })
    await unsent('ERR_OPTION_INVALID', { ...post(patient()), fields: { request: fields, response: null } })
  },

  'invalid options are refused': async () => {
    const { service } = await pair()
    const valid = { baseUrl: 'https://api.example.com', fields, fetch: service.fetch }
    const cases: [option: string, options: object][] = [
      ['baseUrl', { baseUrl: undefined }],
      ['baseUrl', { baseUrl: '/api' }],
      ['baseUrl', { baseUrl: new URL('https://api.example.com') }],
      ['baseUrl', { baseUrl: ['https://api.example.com'] }],
      ['baseUrl', { baseUrl: 'https://api.example.com@evil.example' }],
      ['baseUrl', { baseUrl: 'https://api.example.com\\@evil.example' }],
      ['baseUrl', { baseUrl: 'ftp://api.example.com' }],
      ['audience', { audience: '' }],
      ['fields', { fields: undefined }],
      ['fields', { fields: { ssn: {} } }],
      ['fields', { fields: { request: fields, response: null } }],
      ['bind', { bind: 'tenant' }],
      ['shape', { shape: 'bundel' }],
      ['bundleMember', { shape: 'bundle', bundleMember: '__proto__' }],
      ['keysIn', { keysIn: 'cookie' }],
      ['serviceKeys.jwksUri', { serviceKeys: { jwksUri: 'jwks.json' } }],
      ['serviceKeys.trust', { serviceKeys: { trust: 'a PEM' } }],
      ['serviceKeys.pins', { serviceKeys: { pins: 'abc' } }],
      ['serviceKeys.maxAge', { serviceKeys: { maxAge: 0 } }],
      ['serviceKeys.algs', { serviceKeys: { algs: ['RSA1_5'] } }],
      ['serviceKeys.pin', { serviceKeys: { pin: 'abc' } }],
      ['session.maxAge', { session: { maxAge: 901_000 } }],
      ['session.maxAge', { session: { maxAge: '900000' } }],
      ['session.maxSeals', { session: { maxSeals: 2 ** 20 + 1 } }],
      ['session.ticket', { session: { ticket: 1 } }],
      ...[
        'http://api.example.com',
        'http://localhost.example.com',
        'http://localhost:3000/',
        'http://127x0.0.1',
        'https://localhost',
        true,
      ].map((insecureOrigin): [string, object] => ['insecureOrigin', { insecureOrigin }]),
      ['response.mode', { response: { mode: 'of' } }],
      ['response.required', { response: { required: 0 } }],
      ['padding.bucket', { padding: { bucket: 0 } }],
      ['padding.bucket', { padding: {} }],
      ['padding', { padding: 32 }],
      ['fetch', { fetch: 'fetch' }],
      ['crypto', { crypto: { getRandomValues: () => {} } }],
      ['onRetry', { onRetry: true }],
      ['optional', { optional: true }],
    ]
    for (const [option, options] of cases) {
      const error = await refused(
        () => createClient({ ...valid, ...options } as never),
        'ERR_OPTION_INVALID',
      ).catch((cause) => {
        throw new Error(`${option} ${JSON.stringify(options)}: ${cause.message}`)
      })
      equal(error.cause.option, option)
    }
    for (const options of [undefined, null, 7])
      await refused(() => createClient(options as never), 'ERR_OPTION_INVALID')
    createClient({ ...valid, fetch: undefined, crypto: undefined } as never)
  },

  'plain http is refused, for the service and for its keys': async () => {
    const { service } = await pair()
    for (const [option, options] of [
      ['baseUrl', { baseUrl: 'http://api.example.com' }],
      ['baseUrl', { baseUrl: 'HTTP://localhost:3000' }],
      // One origin is named, and no other is meant.
      ['baseUrl', { baseUrl: 'http://localhost:3001', insecureOrigin: 'http://localhost:3000' }],
      ['baseUrl', { baseUrl: 'http://localhost:30001', insecureOrigin: 'http://localhost:3000' }],
      ['baseUrl', { baseUrl: 'http://127.0.0.1:3000', insecureOrigin: 'http://localhost:3000' }],
      [
        'serviceKeys.jwksUri',
        {
          insecureOrigin: 'http://localhost:3000',
          serviceKeys: { jwksUri: 'http://localhost:3001/jwks.json' },
        },
      ],
      ['serviceKeys.jwksUri', { serviceKeys: { jwksUri: 'http://api.example.com/jwks.json' } }],
    ] as const) {
      const valid = { baseUrl: 'https://api.example.com', fields, fetch: service.fetch }
      const error = await refused(() => createClient({ ...valid, ...options }), 'ERR_TLS_REQUIRED')
      equal(error.cause.option, option)
    }
  },

  'what `fetch` throws is passed on: no network, an abort': async () => {
    const { service } = await pair()
    const aborted = new DOMException('gone', 'AbortError')
    const { api } = await pair(
      {},
      {
        fetch: (async (url: string, init: any) => {
          if (url.endsWith('jwks.json')) return service.fetch(url, init)
          throw aborted
        }) as never,
      },
    )
    const error = await api.fetch('/patients', post(patient())).catch((thrown) => thrown)
    ok(error === aborted && !(error instanceof GlassineError), 'the same error')
  },
}
