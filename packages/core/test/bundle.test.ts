import { defineFields, encodeValue, placesOf } from '@glassine/core'
import {
  bundleHolder,
  bundleMemberOf,
  declaresMember,
  putBack,
  refuseClear,
  type ShapeChoice,
  shapeOptions,
  takeOut,
} from '@glassine/core/internal'
import { thrown } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'

const packageName = '@example/format'
const fields = defineFields<{ id: string; ssn: string; notes: string[]; tags?: Record<string, string> }>(
  'patient',
  { ssn: {}, 'notes[*]': {}, 'tags.*': { optional: true } },
)
const patient = { id: 'p-1', ssn: '078-05-1120', notes: ['a', 'b'], tags: { 'x/y': 'z' } }
const codeOf = (work: () => unknown): string => {
  const { code, cause } = thrown(work)
  return `${code} ${cause.package}`
}
const out = () => {
  const { copy, places } = placesOf(fields, patient, { packageName, statusCode: 500 })
  const text = takeOut(places, ({ field, value }) => encodeValue(value, field.path, packageName))
  return { copy, text }
}
const back = (copy: unknown, members: Record<string, any>) => {
  const emptied = placesOf(fields, copy, { packageName, statusCode: 400, absent: 'collect' })
  refuseClear(emptied.places, packageName)
  putBack(members, emptied, fields, packageName)
  return emptied.copy
}

describe('a bundle', () => {
  test('takes the fields out, keeps the places of elements, and puts everything back', () => {
    const { copy, text } = out()
    expect(copy).toEqual({ id: 'p-1', notes: [null, null], tags: { 'x/y': null } })
    expect(JSON.parse(text)).toEqual({
      '/ssn': patient.ssn,
      '/notes/0': 'a',
      '/notes/1': 'b',
      '/tags/x~1y': 'z',
    })
    expect(back(copy, JSON.parse(text))).toEqual(patient)
    expect(patient.ssn).toBe('078-05-1120')
  })

  test.each<[string, (members: Record<string, unknown>) => void, string]>([
    ['a value without a place', (members) => (members['/id'] = 'other'), 'ERR_DECRYPT_FAILED'],
    ['a placeholder without a value', (members) => delete members['/notes/1'], 'ERR_DECRYPT_FAILED'],
    ['a required field without a value', (members) => delete members['/ssn'], 'ERR_FIELD_MISSING'],
    ['an element that is not there', (members) => (members['/notes/2'] = 'c'), 'ERR_DECRYPT_FAILED'],
  ])('refuses %s, with an error of the package of the format', (_what, change, code) => {
    const { copy, text } = out()
    const members = JSON.parse(text)
    change(members)
    expect(codeOf(() => back(copy, members))).toBe(`${code} ${packageName}`)
  })

  test('refuses declared values in the clear beside it', () => {
    const { copy, text } = out()
    expect(codeOf(() => back({ ...copy, ssn: 'x' }, JSON.parse(text)))).toBe(
      `ERR_FIELD_NOT_ENCRYPTED ${packageName}`,
    )
  })
})

test('has a member that is not declared and does not reach a prototype', () => {
  const [, isBundleMember] = shapeOptions.bundleMember
  for (const name of ['sealed', '$sealed', 'a.b']) expect(isBundleMember(name)).toBe(true)
  for (const name of ['', '__proto__', 'constructor', 'a/b', 'a~b', 7])
    expect(isBundleMember(name)).toBe(false)
  expect(declaresMember(fields, 'notes')).toBe(true)
  expect(declaresMember(fields, 'note')).toBe(false)
  const at = { packageName, statusCode: 400 } as const
  expect(codeOf(() => bundleHolder({}, 'ssn', fields, at))).toBe(`ERR_OPTION_INVALID ${packageName}`)
  expect(codeOf(() => bundleHolder([], 'sealed', fields, at))).toBe(`ERR_FIELD_MISSING ${packageName}`)
})

describe('pointers of a bundle', () => {
  const all = defineFields<any>('all', {
    ssn: {},
    'address.street': {},
    'notes[*]': {},
    'visits[*].note': {},
    'tags.*': {},
    remark: { optional: true },
  } as any)
  const emptied = () => ({
    id: 'p-1',
    address: { city: 'Bern' },
    notes: [null, null],
    visits: [{ date: 'd' }, { date: 'e' }],
    tags: { 'x/y': null, 'a~2b': null, '~1': null },
  })
  const members: Readonly<Record<string, string>> = {
    '/ssn': 's',
    '/address/street': 't',
    '/notes/0': 'n0',
    '/notes/1': 'n1',
    '/visits/0/note': 'v0',
    '/visits/1/note': 'v1',
    '/tags/x~1y': 'xy',
    '/tags/a~02b': 'ab',
    '/tags/~01': 'one',
  }
  const filled = {
    id: 'p-1',
    ssn: 's',
    address: { city: 'Bern', street: 't' },
    notes: ['n0', 'n1'],
    visits: [
      { date: 'd', note: 'v0' },
      { date: 'e', note: 'v1' },
    ],
    tags: { 'x/y': 'xy', 'a~2b': 'ab', '~1': 'one' },
  }
  const put = (given: Record<string, unknown>, copy: unknown = emptied()) => {
    const found = placesOf(all, copy, { packageName, statusCode: 400, absent: 'collect' })
    putBack(given as Record<string, string>, found, all, packageName)
    return found.copy
  }

  test('lead to their places, in any order', () => {
    expect(put(members)).toEqual(filled)
    expect(put(Object.fromEntries(Object.entries(members).reverse()))).toEqual(filled)
  })

  test.each<[right: string, wrong: string]>([
    ['/ssn', 'ssn'],
    ['/ssn', 'x/ssn'],
    ['/ssn', '/ssn/'],
    ['/ssn', '/id'],
    ['/ssn', ''],
    ['/ssn', '/'],
    ['/address/street', '/address'],
    ['/address/street', '/address/city'],
    ['/address/street', '/address/street/0'],
    ['/address/street', '/ssn/street'],
    ['/notes/1', '/notes/01'],
    ['/notes/1', '/notes/2'],
    ['/notes/1', '/notes/-1'],
    ['/notes/1', '/notes/-'],
    ['/notes/1', '/notes/1e0'],
    ['/notes/1', '/notes/1.0'],
    ['/notes/1', '/notes/ 1'],
    ['/notes/1', '/notes/length'],
    ['/notes/1', '/notes/constructor'],
    ['/visits/1/note', '/visits/01/note'],
    ['/visits/1/note', '/visits/2/note'],
    ['/visits/1/note', '/visits/length/note'],
    ['/visits/1/note', '/visits/1/date'],
    ['/visits/1/note', '/visits/1'],
    ['/visits/1/note', '/visits/__proto__/note'],
    ['/tags/x~1y', '/tags/x/y'],
    ['/tags/x~1y', '/tags/none'],
    ['/tags/x~1y', '/tags/__proto__'],
    ['/tags/x~1y', '/tags/toString'],
    ['/tags/a~02b', '/tags/a~2b'],
    ['/tags/~01', '/tags/~1'],
  ])('%j written as %j is refused', (right, wrong) => {
    const { [right]: value, ...rest } = members
    // Refused beside the right one, too: one place has one pointer.
    expect(codeOf(() => put({ ...members, [wrong]: value }))).toBe(`ERR_DECRYPT_FAILED ${packageName}`)
    expect(codeOf(() => put({ [wrong]: value, ...members }))).toBe(`ERR_DECRYPT_FAILED ${packageName}`)
    expect(codeOf(() => put({ ...rest, [wrong]: value }))).toMatch(/^ERR_(DECRYPT_FAILED|FIELD_MISSING) /)
    // No prototype got a member.
    for (const name of ['note', 'street', 'date']) expect(name in []).toBe(false)
  })

  test('may omit an optional field, and no other', () => {
    expect(put({ ...members, '/remark': 'r' })).toEqual({ ...filled, remark: 'r' })
    const { '/ssn': _gone, ...rest } = members
    expect(thrown(() => put(rest))).toMatchObject({ code: 'ERR_FIELD_MISSING', cause: { path: '/ssn' } })
  })
})

describe('a declared value in the clear beside a bundle', () => {
  const refused = (copy: unknown) => {
    const { places } = placesOf(fields, copy, { packageName, statusCode: 400, absent: 'ignore' })
    return thrown(() => refuseClear(places, packageName))
  }

  test.each<[string, unknown]>([
    ['/ssn', { ssn: 'x' }],
    ['/ssn', { ssn: null }],
    ['/notes/*', { notes: [null, 'a'] }],
    ['/notes/*', { notes: [''] }],
    ['/tags/*', { tags: { x: 0 } }],
  ])('is found at %s: %j', (path, copy) => {
    expect(refused(copy)).toMatchObject({
      code: 'ERR_FIELD_NOT_ENCRYPTED',
      cause: { package: packageName, path },
    })
  })

  test('is not found if there are only placeholders', () => {
    const copy = { notes: [null], tags: { x: null } }
    const { places } = placesOf(fields, copy, { packageName, statusCode: 400, absent: 'ignore' })
    expect(places).toHaveLength(2)
    expect(() => refuseClear(places, packageName)).not.toThrow()
  })
})

test('a model whose root is a record declares every member', () => {
  const record = defineFields<Record<string, string>>('record', { '*': {} })
  expect(declaresMember(record, 'sealed')).toBe(true)
  const at = { packageName, statusCode: 400 } as const
  expect(codeOf(() => bundleHolder({}, 'sealed', record, at))).toBe(`ERR_OPTION_INVALID ${packageName}`)
})

test.each([400, 500] as const)(
  'a root that cannot hold the bundle is an error with status %i',
  (statusCode) => {
    for (const root of [[], 'text', null, undefined])
      expect(thrown(() => bundleHolder(root, 'sealed', fields, { packageName, statusCode }))).toMatchObject({
        code: 'ERR_FIELD_MISSING',
        statusCode,
        cause: { package: packageName, path: '/sealed' },
      })
  },
)

describe('the member of a bundle', () => {
  const memberOf = (choice: ShapeChoice) => bundleMemberOf(packageName, choice, '$keys')

  test('is `sealed` or the given one in the bundle shape, and none in the field shape', () => {
    expect(memberOf({ shape: 'bundle' })).toBe('sealed')
    expect(memberOf({ shape: 'bundle', bundleMember: 'secret' })).toBe('secret')
    expect(memberOf({ shape: 'field' })).toBeUndefined()
    expect(memberOf({})).toBeUndefined()
  })

  test('is refused without the bundle shape, or if the format needs it for something else', () => {
    for (const choice of [
      { bundleMember: 'secret' },
      { shape: 'field', bundleMember: 'secret' },
      { shape: 'bundle', bundleMember: '$keys' },
    ] as const)
      expect(thrown(() => memberOf(choice))).toMatchObject({
        code: 'ERR_OPTION_INVALID',
        cause: { package: packageName, option: 'bundleMember' },
      })
  })
})
