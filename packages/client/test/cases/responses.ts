import { equal, ok, refused } from '../support/check.ts'
import { type Cases, pair, patient, pointers, secrets } from '../support/patient.ts'
import type { ReferenceOptions, ServiceResponse } from '../support/reference-service.ts'

const post = () => ({ method: 'POST', body: patient() })

const answered = async (
  response: ServiceResponse,
  reference: ReferenceOptions = {},
  options: object = {},
) => {
  const { api } = await pair({ ...reference, answer: () => response }, options)
  return api.fetch('/patients', post())
}

const notOpened = async (
  code: string,
  response: ServiceResponse,
  reference: ReferenceOptions = {},
  options: object = {},
) => {
  const error = await refused(answered(response, reference, options), code, secrets)
  ok(error.message.includes('of the response'), 'says where')
}

/** Changes a sealed field on its way. */
const tampering = (change: (body: any) => void): ReferenceOptions => ({
  tamper: (body) => {
    change(body)
    return body
  },
})

const all = { body: patient(), seal: pointers }
const parts = (jwe: string): string[] => jwe.split('.')

/** What comes back is what the service has sealed for this request, or it is an error and not handed on. */
export const responses: Cases = {
  'a success whose declared fields are in the clear or absent is refused': async () => {
    await notOpened('ERR_FIELD_NOT_ENCRYPTED', { body: patient() })
    await notOpened('ERR_FIELD_NOT_ENCRYPTED', { body: patient(), seal: pointers.slice(1) })
    const { ssn: _gone, ...rest } = patient()
    await notOpened('ERR_FIELD_MISSING', { body: rest, seal: pointers.slice(1) })
    await notOpened('ERR_FIELD_MISSING', { body: {} })
    await notOpened('ERR_FIELD_NOT_ENCRYPTED', { body: patient() }, {}, { shape: 'bundle' })
    await notOpened('ERR_FIELD_MISSING', { body: { address: {}, visits: [] } }, {}, { shape: 'bundle' })
    await notOpened(
      'ERR_FIELD_NOT_ENCRYPTED',
      { body: { ...patient(), extra: 1 }, seal: ['/extra'] },
      { bundleMember: 'sealed' },
      { shape: 'bundle' },
    )
  },

  'a success that is not a JSON object and has no proof is refused': async () => {
    for (const body of ['hello', '<html>', '"x"', '{"a":1', 'null'])
      await notOpened('ERR_BODY_INVALID', { body, proof: false })
    await notOpened('ERR_FIELD_MISSING', { body: '[]', proof: false })
  },

  'a success without body and proof is refused, even if fields may be absent': async () => {
    for (const options of [{}, { response: { required: false } }])
      for (const answer of [{ status: 204 }, { status: 200, body: '' }, { status: 304 }]) {
        const error = await refused(answered({ ...answer, proof: false }, {}, options), 'ERR_DECRYPT_FAILED')
        ok(error.cause.reason?.includes('encryption-proof'), 'names the header')
      }
    for (const body of ['{"id":"p-1"}', 'text'])
      await refused(
        answered({ body, proof: false }, {}, { response: { required: false } }),
        'ERR_DECRYPT_FAILED',
      )
  },

  'a success without a sealed value is returned if it is proved': async () => {
    for (const answer of [
      { status: 204 },
      { status: 201, body: '' },
      { status: 200, body: 'hello' },
      { status: 200, body: '[]' },
    ]) {
      const response = await answered(answer)
      equal(
        [response.status, response.sealed, await response.text()],
        [answer.status, true, answer.body ?? ''],
      )
    }
  },

  'a proof for something else is refused': async () => {
    const other = [
      { status: '200' },
      { answers: 'AAAAAAAAAAAAAAAAAAAAAA' },
      { count: 1 },
      { path: '/x' },
    ] as const
    for (const responseContext of other)
      await notOpened('ERR_DECRYPT_FAILED', { status: 204 }, { responseContext })
    const members = { '/id': '"p-1"' }
    const options = { response: { required: false } }
    for (const responseContext of [...other.slice(1), { members }, { status: '201' }])
      await notOpened('ERR_DECRYPT_FAILED', { body: { id: 'p-1' } }, { responseContext }, options)
  },

  'a proof beside inserted values is refused': async () => {
    const tamper = (change: object) => (body: any) => ({ ...body, ...change })
    await notOpened('ERR_FIELD_NOT_ENCRYPTED', { body: {} }, { tamper: () => patient() })
    await notOpened(
      'ERR_FIELD_NOT_ENCRYPTED',
      { status: 422, body: { title: 'no' } },
      { tamper: tamper({ ssn: secrets[0] }) },
    )
    await notOpened('ERR_DECRYPT_FAILED', all, { tamper: tamper({ $proof: 'x' }) }).catch((error) => {
      ok(String(error).includes('ERR_FIELD_NOT_ENCRYPTED'), 'is no JWE')
    })
  },

  'an error from a gateway is returned, and marked': async () => {
    for (const body of ['{"message":"Forbidden"}', 'Forbidden', '[]', '']) {
      const response = await answered({ status: 403, body, proof: false })
      equal([response.status, response.sealed, await response.text()], [403, false, body])
    }
    await notOpened('ERR_FIELD_NOT_ENCRYPTED', { status: 403, body: { ssn: secrets[0] }, proof: false })
  },

  '`required: false` lets fields be absent, but never in the clear': async () => {
    const options = { response: { required: false } }
    equal(await (await answered({ body: { id: 'p-1' } }, {}, options)).json(), { id: 'p-1' } as any)
    equal(await (await answered({ body: { ssn: '1' }, seal: ['/ssn'] }, {}, options)).json(), {
      ssn: '1',
    } as any)
    equal(await (await answered({ body: '[]' }, {}, options)).json(), [] as any)
    equal((await answered({ body: { id: 'p-1' } }, {}, options)).sealed, true)
    await notOpened('ERR_FIELD_NOT_ENCRYPTED', { body: { ssn: secrets[0] } }, {}, options)
  },

  'errors are returned with their sealed values decrypted, but never with declared values in the clear':
    async () => {
      const problem = { type: 'about:blank', title: 'no' }
      for (const shape of ['field', 'bundle'] as const) {
        const reference = { bundleMember: shape === 'bundle' ? 'sealed' : undefined }
        const response = await answered(
          { status: 422, body: { ...problem, ssn: secrets[0] }, seal: ['/ssn'] },
          reference,
          { shape },
        )
        equal([response.status, await response.json()], [422, { ...problem, ssn: secrets[0] }])
        equal(response.sealed, true)
        equal(
          await (await answered({ status: 400, body: problem }, reference, { shape })).json(),
          problem as any,
        )
        await notOpened('ERR_FIELD_NOT_ENCRYPTED', { status: 400, body: { ssn: secrets[0] } }, reference, {
          shape,
        })
      }
      for (const body of ['Not found', '[]', '', '"x"'])
        equal(await (await answered({ status: 404, body })).text(), body)
    },

  'a field in place of another is refused': async () => {
    await notOpened(
      'ERR_DECRYPT_FAILED',
      all,
      tampering((body) => {
        ;[body.ssn, body.address.street] = [body.address.street, body.ssn]
      }),
    )
    await notOpened(
      'ERR_DECRYPT_FAILED',
      all,
      tampering((body) => {
        body.visits.reverse()
      }),
    )
  },

  'a field with any part changed is refused': async () => {
    const flipped = (text: string) => (text.startsWith('A') ? 'B' : 'A') + text.slice(1)
    for (const at of [2, 3, 4])
      await notOpened(
        'ERR_DECRYPT_FAILED',
        all,
        tampering((body) => {
          body.ssn = parts(body.ssn)
            .with(at, flipped(parts(body.ssn)[at]!))
            .join('.')
        }),
      )
  },

  'a cut tag or IV, an encrypted key, or no JWE at all is refused': async () => {
    const changes: ((jwe: string) => unknown)[] = [
      (jwe) => jwe.slice(0, -16),
      (jwe) => parts(jwe).with(2, 'AAAAAAAAAAA').join('.'),
      (jwe) => parts(jwe).with(1, 'AAAA').join('.'),
      (jwe) => `${jwe}.`,
      (jwe) => `${jwe}\n`,
      (jwe) => parts(jwe).slice(1).join('.'),
      (jwe) => ({ jwe }),
      () => '',
      () => null,
    ]
    for (const change of changes)
      await notOpened(
        'ERR_FIELD_NOT_ENCRYPTED',
        all,
        tampering((body) => {
          body.ssn = change(body.ssn)
        }),
      )
  },

  'a field of the request, sent back, is refused': async () => {
    let asked: any
    const { api } = await pair({
      answer: ({ body }) => {
        asked = JSON.parse(body!)
        return all
      },
      tamper: (body) => ({ ...body, ssn: asked.ssn }),
    })
    await refused(api.fetch('/patients', post()), 'ERR_DECRYPT_FAILED', secrets)
  },

  'wrong headers are refused, even under the right key': async () => {
    const wrong: Record<string, unknown>[] = [
      { ctx: 'AAAAAAAAAAAAAAAAAAAAAA' },
      { p: '/other' },
      { kid: 'AAAAAAAAAAAAAAAAAAAAAA.r' },
      { cty: 'JWE' },
      { crit: ['exp'], exp: 1 },
    ]
    for (const header of wrong) await notOpened('ERR_DECRYPT_FAILED', all, { responseHeader: header })
  },

  'a response bound to anything else is refused': async () => {
    for (const bound of [
      { method: 'GET' },
      { path: '/patients/7' },
      { query: [['a', '1']] },
      { binding: { tenant: 'b' } },
      { model: 'doctor' },
      { sender: 'another' },
      { status: '201' },
      { answers: 'AAAAAAAAAAAAAAAAAAAAAA' },
      { count: 5 },
      { members: { '/id': '"p-1"' } },
      { direction: 'request' },
    ] as const)
      await notOpened('ERR_DECRYPT_FAILED', all, { responseContext: bound })
  },

  'the response to another request of the session is refused': async () => {
    for (const mode of ['session', 'forward-secret'] as const) {
      let first: any
      const { api } = await pair(
        {
          tamper: (body) => {
            first ??= structuredClone(body)
            return first
          },
        },
        { response: { mode } },
      )
      await api.fetch('/patients', post())
      await refused(api.fetch('/patients', post()), 'ERR_DECRYPT_FAILED', secrets)
    }
  },

  'the response to another GET of the session is refused': async () => {
    let first: any
    const { api } = await pair({
      answer: () => all,
      tamper: (body) => {
        first ??= structuredClone(body)
        return first
      },
    })
    await api.fetch('/patients')
    await refused(api.fetch('/patients'), 'ERR_DECRYPT_FAILED', secrets)
  },

  'fields of two responses to requests without fields are refused together': async () => {
    let first: any
    const { api } = await pair({
      answer: () => all,
      tamper: (body) => {
        first ??= structuredClone(body)
        return { ...body, ssn: first.ssn }
      },
    })
    await api.fetch('/patients')
    await refused(api.fetch('/patients'), 'ERR_DECRYPT_FAILED', secrets)
  },

  'the response of another session is refused': async () => {
    let first: any
    const tamper = (body: any) => {
      first ??= structuredClone(body)
      return first
    }
    const { api } = await pair({ answer: () => all, tamper })
    await api.fetch('/patients')
    api.forget()
    await refused(api.fetch('/patients'), 'ERR_DECRYPT_FAILED', secrets)
  },

  'a response that is not forward-secret is refused if it must be, and the reverse': async () => {
    const options = { response: { mode: 'forward-secret' } }
    await notOpened('ERR_DECRYPT_FAILED', all, { nested: 'no' }, options)
    await notOpened('ERR_DECRYPT_FAILED', all, { nested: 'pretended' }, options)
    await notOpened('ERR_DECRYPT_FAILED', all, { nested: 'always' })
  },

  'an inner layer with another algorithm or key, or an ephemeral key off the curve, is refused': async () => {
    const options = { response: { mode: 'forward-secret' } }
    for (const innerHeader of [{ kid: 'other.e' }, { alg: 'ECDH-ES+A256KW' }, { enc: 'A128GCM' }])
      await notOpened('ERR_DECRYPT_FAILED', all, { innerHeader }, options)
  },

  'a member named like the keys is removed': async () => {
    const { api } = await pair({ answer: () => ({ body: { ...patient(), $jwe: 'x' }, seal: pointers }) })
    equal('$jwe' in ((await (await api.fetch('/patients', post())).json()) as object), false)
  },

  'values that are not JSON or too deep are refused': async () => {
    await notOpened('ERR_DECRYPT_FAILED', all, { plaintext: '{"a":' })
    await notOpened('ERR_DECRYPT_FAILED', all, { plaintext: '{"__proto__":1}' })
    await notOpened('ERR_DECRYPT_FAILED', all, { plaintext: `${'['.repeat(300)}${']'.repeat(300)}` })
    await notOpened('ERR_DECRYPT_FAILED', all, { plaintext: new Uint8Array([0x22, 0xff, 0x22]) })
  },
}
