import { equal, ok, refused } from '../support/check.ts'
import { type Cases, pair, patient, pointers, secrets } from '../support/patient.ts'
import type { Answer, ReferenceOptions } from '../support/reference-service.ts'

const post = () => ({ method: 'POST', body: patient() })

const answered = async (answer: Answer, reference: ReferenceOptions = {}, options: object = {}) => {
  const { api } = await pair({ ...reference, answer: () => answer }, options)
  return api.fetch('/patients', post())
}

const notOpened = async (
  code: string,
  answer: Answer,
  reference: ReferenceOptions = {},
  options: object = {},
) => {
  const error = await refused(answered(answer, reference, options), code, secrets)
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
  'a success whose declared fields are in the clear, or not there': async () => {
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

  'a success that is no JSON object': async () => {
    for (const body of ['hello', '<html>', '[]', '"x"', '{"a":1', 'null'])
      await notOpened('ERR_BODY_INVALID', { body })
  },

  'a success without a body is handed on': async () => {
    for (const answer of [{ status: 204 }, { status: 200, body: '' }]) {
      const response = await answered(answer)
      equal([response.status, await response.text()], [answer.status, ''])
    }
  },

  '`required: false` lets fields be absent, and never in the clear': async () => {
    const options = { response: { required: false } }
    equal(await (await answered({ body: { id: 'p-1' } }, {}, options)).json(), { id: 'p-1' } as any)
    equal(await (await answered({ body: { ssn: '1' }, seal: ['/ssn'] }, {}, options)).json(), {
      ssn: '1',
    } as any)
    equal(await (await answered({ body: '[1]' }, {}, options)).json(), [1] as any)
    await notOpened('ERR_FIELD_NOT_ENCRYPTED', { body: { ssn: secrets[0] } }, {}, options)
  },

  'errors are handed on with what is sealed in them opened, and nothing declared in the clear': async () => {
    const problem = { type: 'about:blank', title: 'no' }
    for (const shape of ['field', 'bundle'] as const) {
      const reference = { bundleMember: shape === 'bundle' ? 'sealed' : undefined }
      const response = await answered(
        { status: 422, body: { ...problem, ssn: secrets[0] }, seal: ['/ssn'] },
        reference,
        { shape },
      )
      equal([response.status, await response.json()], [422, { ...problem, ssn: secrets[0] }])
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

  'a field in the place of another': async () => {
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

  'any part of a field that was changed': async () => {
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

  'a tag or IV that was cut, an encrypted key, or no JWE at all': async () => {
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

  'a field of the request, sent back': async () => {
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

  'headers that are sealed under the right key, and still not as they must be': async () => {
    const wrong: Record<string, unknown>[] = [
      { ctx: 'AAAAAAAAAAAAAAAAAAAAAA' },
      { jti: 'AAAAAAAAAAAAAAAAAAAAAA' },
      { p: '/other' },
      { kid: 'AAAAAAAAAAAAAAAAAAAAAA.r' },
      { cty: 'JWE' },
      { crit: ['exp'], exp: 1 },
    ]
    for (const header of wrong) await notOpened('ERR_DECRYPT_FAILED', all, { responseHeader: header })
  },

  'an answer bound to another route, tenant or model': async () => {
    for (const bound of [{ route: 'GET /patients' }, { binding: { tenant: 'b' } }, { model: 'doctor' }])
      await notOpened('ERR_DECRYPT_FAILED', all, { responseContext: bound })
  },

  'the answer to another request of the session': async () => {
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

  'the answer to another GET of the session': async () => {
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

  'fields of two answers to requests that had no fields': async () => {
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

  'the answer of another session': async () => {
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

  'an answer that is not forward-secret where that is asked for, and the reverse': async () => {
    const options = { response: { mode: 'forward-secret' } }
    await notOpened('ERR_DECRYPT_FAILED', all, { nested: 'no' }, options)
    await notOpened('ERR_DECRYPT_FAILED', all, { nested: 'pretended' }, options)
    await notOpened('ERR_DECRYPT_FAILED', all, { nested: 'always' })
  },

  'an inner layer of another algorithm, for another key, or with an ephemeral key off the curve':
    async () => {
      const options = { response: { mode: 'forward-secret' } }
      for (const innerHeader of [{ kid: 'other.e' }, { alg: 'ECDH-ES+A256KW' }, { enc: 'A128GCM' }])
        await notOpened('ERR_DECRYPT_FAILED', all, { innerHeader }, options)
    },

  'a member that is called like the keys is taken out': async () => {
    const { api } = await pair({ answer: () => ({ body: { ...patient(), $jwe: 'x' }, seal: pointers }) })
    equal('$jwe' in ((await (await api.fetch('/patients', post())).json()) as object), false)
  },

  'values that are no JSON or too deep': async () => {
    await notOpened('ERR_DECRYPT_FAILED', all, { plaintext: '{"a":' })
    await notOpened('ERR_DECRYPT_FAILED', all, { plaintext: '{"__proto__":1}' })
    await notOpened('ERR_DECRYPT_FAILED', all, { plaintext: `${'['.repeat(300)}${']'.repeat(300)}` })
    await notOpened('ERR_DECRYPT_FAILED', all, { plaintext: new Uint8Array([0x22, 0xff, 0x22]) })
  },
}
