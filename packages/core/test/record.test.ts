import {
  Authenticated,
  arrayOf,
  defineFields,
  Encrypted,
  Model,
  Nested,
  placesOf,
  policyOf,
} from '@glassine/core'
import { ciphertextsOf, plaintextsOf, recordText } from '@glassine/core/internal'
import { thrown } from '@glassine/test-support'
import { describe, expect, it } from '@jest/globals'

class Visit {
  @Authenticated() id!: string
  @Encrypted() note!: Encrypted<string>
}
@Model('patient')
class Patient {
  @Authenticated() id!: string
  @Authenticated({ optional: true }) clinic?: string | null
  @Encrypted() ssn!: Encrypted<string>
  @Nested(() => Visit, { in: 'array', optional: true }) visits?: Visit[]
}

const at = { packageName: 'test', statusCode: 400 } as const
const patient = () => ({
  id: 'p-1',
  ssn: '078-05-1120',
  visits: [
    { id: 'v-1', note: 'a' },
    { id: 'v-2', note: 'b' },
  ],
})

describe('authenticated members', () => {
  it('bind every place to those of all containers on its way, outermost first', () => {
    const { places, members } = placesOf(policyOf(Patient), patient(), at)
    expect(
      places.map(({ pointer, record }) => [pointer, record.map((pair) => `${pair.pointer}=${pair.text}`)]),
    ).toEqual([
      ['/ssn', ['/id="p-1"']],
      ['/visits/0/note', ['/id="p-1"', '/visits/0/id="v-1"']],
      ['/visits/1/note', ['/id="p-1"', '/visits/1/id="v-2"']],
    ])
    expect(members.map(({ pointer }) => pointer)).toEqual(['/id', '/visits/0/id', '/visits/1/id'])
  })

  it('count as members if they are null, but not if they are absent', () => {
    const of = (value: object) => placesOf(policyOf(Patient), { ...patient(), ...value }, at).members.length
    expect(of({ clinic: null })).toBe(4)
    expect(of({ clinic: undefined })).toBe(3)
  })

  it('are required, even in partial payloads', () => {
    const { id: _, ...rest } = patient()
    for (const absent of ['error', 'ignore', 'collect'] as const) {
      const error = thrown(() => placesOf(policyOf(Patient), rest, { ...at, absent }))
      expect([error.code, error.cause.path, error.statusCode]).toEqual(['ERR_FIELD_MISSING', '/id', 400])
    }
  })

  it.each([[1.5], [2 ** 53], [-0], [Number.NaN], [''], ['x'.repeat(257)], ['\ud800'], [{}], [['p-1']]])(
    'refuse %p, which two readers may read differently',
    (id) => {
      const error = thrown(() => placesOf(policyOf(Patient), { ...patient(), id }, at))
      expect([error.code, error.cause.path]).toEqual(['ERR_VALUE_INVALID', '/id'])
    },
  )

  it.each([
    ['p-1', '"p-1"'],
    [42, '42'],
    [-1, '-1'],
    [true, 'true'],
    [null, 'null'],
    ['x'.repeat(256), `"${'x'.repeat(256)}"`],
  ])('have one text: %p is %s', (value, text) => {
    expect(recordText(value)).toBe(text)
  })

  it('are at most eight in an object', () => {
    const names = Array.from({ length: 9 }, (_, n) => [`m${n}`, { authenticated: true }] as const)
    expect(thrown(() => defineFields('p', Object.fromEntries(names))).code).toBe('ERR_MODEL_INVALID')
    defineFields('p', Object.fromEntries(names.slice(1)))
  })

  it('cannot be encrypted, nor inside an encrypted value, nor every element', () => {
    for (const path of ['a.b', 'list[*]'])
      expect(thrown(() => defineFields('p', { a: {}, [path]: { authenticated: true } })).code).toBe(
        'ERR_MODEL_INVALID',
      )
    const [authenticated, encrypted]: any[] = [Authenticated(), Encrypted()]
    expect(() => {
      class Twice {
        @authenticated @encrypted id!: string
      }
      return Twice
    }).toThrow('decorated twice')
  })

  it('can be declared by path, with options', () => {
    const { fields } = defineFields<{ id?: string; ssn: string }>('p', {
      id: { authenticated: true, optional: true, label: 'key' },
      ssn: {},
    })
    expect(fields[0]).toEqual({ kind: 'authenticated', path: '/id', optional: true, label: 'key' })
    for (const wrong of [
      { authenticated: false },
      { authenticated: true, masked: {} },
      { authenticated: true, x: 1 },
    ])
      expect(thrown(() => defineFields('p', { id: wrong as any })).code).toBe('ERR_OPTION_INVALID')
  })
})

describe('the shapes of a payload', () => {
  const policy = policyOf(Patient)
  const isSealed = (value: unknown): boolean => value === 'sealed'
  const seal = (options: object, payload: unknown = patient()) =>
    plaintextsOf(policy, payload, { packageName: 'test', isSealed, holdsRecord: true, ...options })
  const bundled = (text: string, change: (body: any) => void = () => {}): unknown => {
    const body: any = { id: 'p-1', visits: [{ id: 'v-1' }, { id: 'v-2' }], sealed: 'x' }
    change(body)
    return ciphertextsOf(policy, body, {
      packageName: 'test',
      bundleMember: 'sealed',
      holdsRecord: true,
    }).put([JSON.parse(text)])
  }

  it('give each text of the field shape its record', () => {
    const [first] = seal({}).items
    expect(first).toMatchObject({
      pointer: '/ssn',
      text: '"078-05-1120"',
      record: [{ pointer: '/id', text: '"p-1"' }],
    })
  })

  it('put the members of all containers before the values of a bundle', () => {
    expect(seal({ bundleMember: 'sealed' }).items[0]!.text).toBe(
      '{"/id":"p-1","/visits/0/id":"v-1","/visits/1/id":"v-2","/ssn":"078-05-1120","/visits/0/note":"a","/visits/1/note":"b"}',
    )
  })

  it('open a bundle only beside the same record', () => {
    const { text } = seal({ bundleMember: 'sealed' }).items[0]!
    expect(bundled(text)).toEqual(patient())
    const changes: ((body: any) => void)[] = [
      (body) => Object.assign(body, { id: 'p-2' }),
      (body) => Object.assign(body, { clinic: 'c-1' }),
      (body) => body.visits.reverse(),
      (body) => Object.assign(body.visits[1], { id: 'v-1' }),
    ]
    for (const change of changes) expect(thrown(() => bundled(text, change)).code).toBe('ERR_DECRYPT_FAILED')
    expect(thrown(() => bundled(text.replace('"/id":"p-1",', ''))).code).toBe('ERR_DECRYPT_FAILED')
  })

  it('refuse a record without any encrypted value', () => {
    for (const options of [{}, { bundleMember: 'sealed' }]) {
      const partial = { packageName: 'test', partial: true, holdsRecord: true, ...options }
      expect(thrown(() => ciphertextsOf(policy, { id: 'p-1' }, partial)).code).toBe('ERR_FIELD_MISSING')
    }
    expect(thrown(() => seal({ partial: true }, { id: 'p-1' })).code).toBe('ERR_FIELD_MISSING')
    expect(seal({ partial: true, bundleMember: 'sealed' }, { id: 'p-1' }).items[0]!.text).toBe(
      '{"/id":"p-1"}',
    )
  })

  it('refuse a decrypted value that could not be encrypted again', () => {
    const { put } = ciphertextsOf(policy, { id: 'p-1', ssn: 'x' }, { packageName: 'test', isSealed })
    expect(thrown(() => put(['sealed'])).code).toBe('ERR_VALUE_INVALID')
  })
})

describe('a list at the root', () => {
  it('can be declared by a path or by arrayOf', () => {
    const byPath = defineFields<{ id: string; ssn: string }[]>('patient', {
      '[*].id': { authenticated: true },
      '[*].ssn': {},
    })
    const byModel = arrayOf(
      defineFields<{ id: string; ssn: string }>('patient', { id: { authenticated: true }, ssn: {} }),
    )
    for (const policy of [byPath, byModel]) {
      const { places } = placesOf(
        policy,
        [
          { id: 'a', ssn: '1' },
          { id: 'b', ssn: '2' },
        ],
        at,
      )
      expect(places.map(({ pointer, record }) => `${pointer} ${record[0]!.pointer}`)).toEqual([
        '/0/ssn /0/id',
        '/1/ssn /1/id',
      ])
      expect(thrown(() => placesOf(policy, {}, at)).code).toBe('ERR_FIELD_MISSING')
    }
  })
})
