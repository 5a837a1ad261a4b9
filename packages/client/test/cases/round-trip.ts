import { createClient } from '@glassine/client'
import { equal, ok } from '../support/check.ts'
import { type Cases, fields, pair, patient, pointers, secrets } from '../support/patient.ts'
import { ReferenceService } from '../support/reference-service.ts'

const modes = ['session', 'forward-secret'] as const
const algorithms = ['ECDH-ES', 'RSA-OAEP-256'] as const
const shapes = ['field', 'bundle'] as const
const places = ['body', 'header'] as const

const combinations = algorithms.flatMap((alg) =>
  shapes.flatMap((shape) => places.flatMap((keysIn) => modes.map((mode) => ({ alg, shape, keysIn, mode })))),
)

/** What goes in is what the service sees, and what it answers comes back; jose is the other end. */
export const roundTrip: Cases = {
  ...Object.fromEntries(
    combinations.map(({ alg, shape, keysIn, mode }) => [
      `${alg}, shape ${shape}, keys in the ${keysIn}, responses ${mode}`,
      async () => {
        const bundleMember = shape === 'bundle' ? 'sealed' : undefined
        const { service, api } = await pair({ alg, bundleMember }, { shape, keysIn, response: { mode } })
        const body = patient()
        const response = await api.fetch('/patients', { method: 'POST', body })
        equal(body, patient(), 'the body of the caller')
        equal(await response.json(), patient(), 'the response')
        const { payload, body: wire, header, headerKeys: inHeader, response: answer } = service.exchanges[0]!
        equal(payload, patient(), 'what the service saw')
        for (const secret of secrets)
          ok(!`${wire}${answer()}`.includes(secret), 'the wire holds no value, in either direction')
        ok(wire!.includes('NL') && answer().includes('NL'), 'the rest stays readable')
        equal(inHeader !== undefined, keysIn === 'header', 'keys in the header')
        equal(wire!.includes('"$jwe"'), keysIn === 'body', 'keys in the body')
        equal(header.alg, alg)
        const epk = alg === 'ECDH-ES' ? ['epk'] : []
        equal(Object.keys(header), ['alg', 'enc', 'kid', 'cty', 'aud', 'iat', 'exp', ...epk])
        equal(header.exp - header.iat, 900, 'lifetime in s')
      },
    ]),
  ),

  'a GET carries its keys in the header, and its response is decrypted': async () => {
    const answer = () => ({ body: patient(), seal: pointers })
    for (const mode of modes)
      for (const shape of shapes) {
        const bundleMember = shape === 'bundle' ? 'sealed' : undefined
        const { service, api } = await pair({ answer, bundleMember }, { shape, response: { mode } })
        equal(await (await api.fetch('/patients/7?full=1#x')).json(), patient())
        const [{ init, headerKeys, url }] = service.exchanges as [any]
        equal(init.body, undefined)
        ok(headerKeys.startsWith('eyJ'), 'keys in the header')
        equal(url, 'https://api.example.com/patients/7?full=1#x')
      }
  },

  'DELETE and HEAD may come without a body': async () => {
    const { service, api } = await pair({ answer: () => ({ status: 204 }) })
    for (const method of ['DELETE', 'head', 'OPTIONS'])
      equal((await api.fetch('/patients/7', { method })).status, 204)
    equal(
      service.exchanges.map(({ init }) => init.method),
      ['DELETE', 'HEAD', 'OPTIONS'],
    )
  },

  'a PATCH with `partial` seals the fields that are present': async () => {
    for (const shape of shapes) {
      const bundleMember = shape === 'bundle' ? 'sealed' : undefined
      const { service, api } = await pair({ bundleMember }, { shape, response: { required: false } })
      const patch = async (body: any) =>
        (await api.fetch('/patients/7', { method: 'patch', body, partial: true })).json()
      equal(await patch({ ssn: '1' }), { ssn: '1' })
      equal(await patch({ id: 'p-2' }), { id: 'p-2' })
      equal(
        service.exchanges.map(({ payload }) => payload),
        [{ ssn: '1' }, { id: 'p-2' }],
      )
      equal(service.exchanges[0]!.init.method, 'PATCH')
      ok(!service.exchanges[0]!.body!.includes('"1"'), 'sealed')
    }
  },

  'any JSON value comes back unchanged': async () => {
    const { service, api } = await pair()
    const notes = ['', null, -0, 0.1, 1e-7, true, [], {}, '\ufeff', '\ud800', 'ß漢😀', { a: [{ b: null }] }]
    const body = { ...patient(), visits: notes.map((note) => ({ at: 'now', note })) }
    const response = await api.fetch('/patients', { method: 'POST', body })
    equal(await response.json(), body)
    equal(service.exchanges[0]!.payload, body)
  },

  'a value longer than the maximum number of arguments comes back': async () => {
    const { service, api } = await pair()
    const body = { ...patient(), ssn: 'x'.repeat(300_000) }
    equal(await (await api.fetch('/patients', { method: 'POST', body })).json(), body)
    equal(service.exchanges[0]!.payload.ssn.length, 300_000)
  },

  'names that a pointer escapes, and elements of lists, have their own pointers': async () => {
    const { service, api } = await pair({ model: 'm' })
    const { defineFields } = await import('@glassine/core')
    const odd = defineFields('m', { 'a/b~c.*': {} } as never)
    const body = { 'a/b~c': { 'x/y': '1', '~': '2', ü: '3' } }
    const response = await api.fetch('/odd', { method: 'POST', body, fields: odd as any })
    equal(await response.json(), body)
    equal(service.exchanges[0]!.payload, body)
  },

  'fields of one payload share a jti, those of two payloads do not': async () => {
    const { service, api } = await pair()
    for (let at = 0; at < 2; at++) await api.fetch('/patients', { method: 'POST', body: patient() })
    const [first, second] = service.exchanges
    equal(first!.jti!.length, 22)
    ok(first!.jti !== second!.jti, 'another jti')
  },

  'padding hides the exact length, in UTF-8 bytes': async () => {
    const { service, api } = await pair({}, { padding: { bucket: 32 } })
    const lengths: number[] = []
    for (const ssn of ['', 'a', 'x'.repeat(30), 'é'.repeat(15), 'x'.repeat(31)]) {
      const body = { ...patient(), ssn }
      equal(await (await api.fetch('/patients', { method: 'POST', body })).json(), body)
      lengths.push(JSON.parse(service.exchanges.at(-1)!.body!).ssn.split('.')[3].length)
    }
    equal(lengths, [43, 43, 43, 43, 86], 'base64url of 32 and of 64 bytes')
  },

  'the binding is bound, and a function may supply it for each request': async () => {
    let tenant = 'a'
    const { service, api } = await pair(
      { binding: { tenant: 'a', app: 'x' } },
      {
        bind: async () => ({ app: 'x', tenant }),
      },
    )
    equal((await api.fetch('/patients', { method: 'POST', body: patient() })).status, 200)
    tenant = 'b'
    const error = await api.fetch('/patients', { method: 'POST', body: patient() }).catch(String)
    ok(String(error).includes('the header of'), 'the service refuses another tenant')
    equal(service.exchanges.length, 1)
  },

  'method, path and query are bound as the service sees them': async () => {
    const { api } = await pair({
      context: {
        method: 'PUT',
        path: '/päti ents/a/7',
        query: [
          ['a', '1'],
          ['b', ''],
          ['b', 'x y'],
        ],
      },
    })
    const init = { method: 'put', body: patient() }
    const path = '/p%C3%A4ti ents//a%2f7/?b&b=x+y&a=%31#c'
    equal(await (await api.fetch(path, init)).json(), patient())
  },

  "the sender is bound: the token in the request's own header, the value of an option, or none": async () => {
    const authorization = 'Bearer a.token'
    const init = { method: 'PUT', body: patient(), headers: { authorization } }
    equal((await (await pair({ context: { sender: 'a.token' } })).api.fetch('/patients', init)).status, 200)
    for (const [given, sender] of [
      [false, ''],
      [() => undefined, ''],
      [async () => 'user-1', 'user-1'],
    ] as const) {
      const { api } = await pair({ context: { sender } }, { sender: given })
      equal((await api.fetch('/patients', init)).status, 200)
    }
    const basic = { ...init, headers: { authorization: 'Basic a.token' } }
    equal((await (await pair({ context: { sender: '' } })).api.fetch('/patients', basic)).status, 200)
  },

  'only the parameters of `query` are bound': async () => {
    for (const [query, pairs] of [
      [false, []],
      [['b'], [['b', '2']]],
      [
        'single',
        [
          ['a', '1'],
          ['b', '2'],
        ],
      ],
    ] as const) {
      const { api } = await pair({ context: { query: pairs } }, { query })
      equal((await api.fetch('/patients?b=2&a=1', { method: 'PUT', body: patient() })).status, 200)
    }
  },

  'responses of mode off, and those whose fields are `false`, are returned undecrypted': async () => {
    const answer = () => ({ body: 'not JSON' })
    for (const options of [
      { response: { mode: 'off' as const } },
      { fields: { request: fields, response: false as const } },
    ]) {
      const { service, api } = await pair({ answer }, options as never)
      equal(await (await api.fetch('/patients', { method: 'POST', body: patient() })).text(), 'not JSON')
      equal(service.exchanges[0]!.payload, patient())
      const response = await api.fetch('/patients')
      equal(response.sealed, false, 'says so')
      ok(service.exchanges[1]!.headerKeys, 'the request proves itself all the same')
    }
  },

  'the response is a standard one: status, headers, text; descriptions of the sealed bytes are removed':
    async () => {
      const answer = () => ({ status: 201, body: { ...patient(), n: 1 }, seal: pointers })
      const { api } = await pair({ answer })
      const response = await api.fetch('/patients', { method: 'POST', body: patient() })
      equal([response.status, response.ok, response.headers.get('x-kept')], [201, true, 'yes'])
      equal([response.headers.get('etag'), response.headers.get('content-length')], [null, null])
      equal(response.headers.get('content-type'), 'application/json')
      const copy = response.clone()
      equal(JSON.parse(await response.text()).ssn, secrets[0])
      equal(await copy.json(), { ...patient(), n: 1 })
    },

  "the caller's init is passed on, and the default content type is JSON": async () => {
    const { service, api } = await pair()
    const { signal } = new AbortController()
    const init = { method: 'POST', body: patient(), signal, headers: { 'x-mine': '1' } }
    await api.fetch('/patients', init)
    await api.fetch('/patients', { ...init, headers: [['Content-Type', 'application/merge-patch+json']] })
    const [first, second] = service.exchanges.map((exchange) => exchange.init)
    equal([first.headers.get('x-mine'), first.headers.get('content-type')], ['1', 'application/json'])
    equal(second.headers.get('content-type'), 'application/merge-patch+json')
    ok(first.signal === signal, 'the signal')
    equal([first.redirect, first.cache], ['error', 'no-store'])
  },

  'a class works too, and so does its description in JSON': async () => {
    const { describeFields, fieldsOf } = await import('@glassine/core/describe')
    const service = await ReferenceService.start()
    const api = createClient({
      baseUrl: 'https://api.example.com/',
      fields: fieldsOf(JSON.parse(JSON.stringify(describeFields(fields)))),
      fetch: service.fetch,
    })
    equal(await (await api.fetch('/patients', { method: 'POST', body: patient() })).json(), patient())
  },

  'a path in `baseUrl` comes first, and is bound': async () => {
    const { service, api } = await pair(
      { context: { path: '/prod/patients' } },
      { baseUrl: 'https://API.example.com:443/prod/' },
    )
    await api.fetch('/patients', { method: 'POST', body: patient() })
    equal(service.exchanges[0]!.url, 'https://API.example.com:443/prod/patients')
    equal(service.exchanges[0]!.header.aud, 'https://api.example.com', 'the origin as browsers write it')
    equal(service.keyUrls, ['https://api.example.com/.well-known/jwks.json'])
  },
}
