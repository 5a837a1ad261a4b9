import { defineFields, type FieldPolicy, type PlacesOptions, placesOf } from '@glassine/core'
import { maxPlaces } from '@glassine/core/internal'
import { deepFrozen, thrown } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'

const request = { packageName: '@glassine/message', statusCode: 400 } as const
const walk = (policy: FieldPolicy, payload: unknown, absent?: PlacesOptions['absent']) =>
  placesOf(policy, payload, { ...request, absent })
const found = (policy: FieldPolicy, payload: unknown, absent?: PlacesOptions['absent']) =>
  walk(policy, payload, absent).places.map(({ pointer, value }) => [pointer, value])

const patient = defineFields('patient', {
  ssn: {},
  'address.street': {},
  'visits[*].note': { optional: true },
  'phones.*.number': {},
  'tags[*]': {},
})
const payload = () => ({
  id: 'p-1',
  ssn: '078-05-1120',
  address: { street: 'Main St 1', city: 'Bern' },
  visits: [{ note: 'a', at: { day: 1 } }, { at: { day: 2 } }, { note: null }],
  phones: { home: { number: '1' }, 'a/b': { number: '2' }, 'a~b': { number: '3' }, '*': { number: '4' } },
  tags: ['x', 0, false, null, ''],
  untouched: { deep: [1] },
})

describe('places', () => {
  test('are listed with their pointers (RFC 6901) and values', () => {
    expect(found(patient, payload())).toEqual([
      ['/ssn', '078-05-1120'],
      ['/address/street', 'Main St 1'],
      ['/visits/0/note', 'a'],
      ['/visits/2/note', null],
      ['/phones/home/number', '1'],
      ['/phones/a~1b/number', '2'],
      ['/phones/a~0b/number', '3'],
      ['/phones/*/number', '4'],
      ['/tags/0', 'x'],
      ['/tags/1', 0],
      ['/tags/2', false],
      ['/tags/3', null],
      ['/tags/4', ''],
    ])
  })

  test('carry their declaration', () => {
    const { places } = walk(patient, payload())
    expect(places.map(({ field }) => patient.fields.includes(field))).not.toContain(false)
    expect(places[2]!.field.path).toBe('/visits/*/note')
  })

  test("are written in the copy, and the caller's objects stay unchanged", () => {
    const given = deepFrozen(payload())
    const { copy, places } = placesOf(patient, given, request)
    for (const { holder, key, pointer } of places) holder[key] = `sealed ${pointer}`
    expect(copy).toEqual({
      id: 'p-1',
      ssn: 'sealed /ssn',
      address: { street: 'sealed /address/street', city: 'Bern' },
      visits: [
        { note: 'sealed /visits/0/note', at: { day: 1 } },
        { at: { day: 2 } },
        { note: 'sealed /visits/2/note' },
      ],
      phones: {
        home: { number: 'sealed /phones/home/number' },
        'a/b': { number: 'sealed /phones/a~1b/number' },
        'a~b': { number: 'sealed /phones/a~0b/number' },
        '*': { number: 'sealed /phones/*/number' },
      },
      tags: ['sealed /tags/0', 'sealed /tags/1', 'sealed /tags/2', 'sealed /tags/3', 'sealed /tags/4'],
      untouched: { deep: [1] },
    })
    expect(given).toEqual(payload())
  })

  test('are shared, not copied, off the declared paths', () => {
    const given = payload()
    const { copy } = placesOf(patient, given, request)
    expect(copy.untouched).toBe(given.untouched)
    expect(copy.visits[0]!.at).toBe(given.visits[0]!.at)
    expect(copy.address).not.toBe(given.address)
    expect(copy.visits).not.toBe(given.visits)
  })

  test('are copied twice if one object is at two places', () => {
    const visit = { note: 'a' }
    const { copy, places } = walk(defineFields('p', { 'visits[*].note': {} }), { visits: [visit, visit] })
    places[0]!.holder.note = 'sealed'
    expect(copy).toEqual({ visits: [{ note: 'sealed' }, { note: 'a' }] })
  })

  test('may have wildcard characters or the prefix of another name as their names', () => {
    const policy = defineFields('p', { 'a/b': {}, 'c~d.e': {}, 'c~d.ee': {} })
    expect(found(policy, { 'a/b': 1, 'c~d': { e: 2, ee: 3 } })).toEqual([
      ['/a~1b', 1],
      ['/c~0d/e', 2],
      ['/c~0d/ee', 3],
    ])
  })

  test('are found in a record at the root, and in lists of lists', () => {
    expect(found(defineFields('p', { '*.note': {} }), { a: { note: 1 }, b: { note: 2 } })).toEqual([
      ['/a/note', 1],
      ['/b/note', 2],
    ])
    expect(found(defineFields('p', { 'm[*][*]': {} }), { m: [[1], [], [2, 3]] })).toEqual([
      ['/m/0/0', 1],
      ['/m/2/0', 2],
      ['/m/2/1', 3],
    ])
  })

  test('are empty for a policy that only masks', () => {
    const given = { phone: '1' }
    expect(walk(defineFields('p', { phone: { masked: {} } }), given)).toEqual({
      copy: given,
      places: [],
      absent: [],
      members: [],
    })
  })

  test(`${maxPlaces} of them are accepted; one more is refused`, () => {
    const policy = defineFields('p', { 'list[*].x': {} })
    const list = (length: number, x?: number) => ({ list: Array.from({ length }, () => ({ x })) })
    expect(walk(policy, list(maxPlaces, 1)).places).toHaveLength(maxPlaces)
    for (const error of [
      thrown(() => walk(policy, list(maxPlaces + 1, 1))),
      // Absent places count too if they are listed.
      thrown(() => walk(policy, list(maxPlaces + 1), 'collect')),
    ]) {
      expect([error.code, error.statusCode, error.cause.path]).toEqual(['ERR_TOO_LARGE', 400, '/list/*/x'])
    }
  })
})

describe('objects and lists without a value', () => {
  const policy = defineFields('p', { 'rows[*].cells[*].x': { optional: true } })
  const rows = (count: number, length: number) => ({
    rows: Array.from({ length: count }, () => ({ cells: Array.from({ length }, () => ({})) })),
  })

  test('cost a copy each, so there may be 100,000 of them', () => {
    // The list, 9 rows with their lists, and their cells.
    const many = walk(policy, rows(9, 11_109))
    expect(many.copy).toEqual(rows(9, 11_109))
    const error = thrown(() => walk(policy, rows(9, 11_110)))
    expect([error.code, error.statusCode]).toEqual(['ERR_TOO_LARGE', 400])
    expect(thrown(() => walk(policy, { rows: Array(100_001).fill({}) })).code).toBe('ERR_TOO_LARGE')
  })
})

describe('an absent', () => {
  const without = (name: keyof ReturnType<typeof payload>) => ({ ...payload(), [name]: undefined })

  test.each<[string, unknown, string]>([
    ['field', without('ssn'), '/ssn'],
    ['object', without('address'), '/address'],
    ['object that is null', { ...payload(), address: null }, '/address'],
    ['field of an object', { ...payload(), address: { city: 'Bern' } }, '/address/street'],
    ['list', without('tags'), '/tags'],
    ['element', { ...payload(), tags: ['x', undefined] }, '/tags/*'],
    ['element, as a hole,', { ...payload(), tags: new Array(2) }, '/tags/*'],
    ['record', without('phones'), '/phones'],
    ['member of a record', { ...payload(), phones: { home: null } }, '/phones/*'],
    ['field in a record', { ...payload(), phones: { home: {} } }, '/phones/*/number'],
  ])(
    '%s is ERR_FIELD_MISSING with its template path, and skipped in a partial document',
    (_, given, path) => {
      for (const statusCode of [400, 500] as const) {
        const error = thrown(() => placesOf(patient, given, { packageName: '@glassine/message', statusCode }))
        expect([error.code, error.statusCode]).toEqual(['ERR_FIELD_MISSING', statusCode])
        expect(error.cause).toEqual({ package: '@glassine/message', path })
      }
      expect(found(patient, given, 'ignore').map(([pointer]) => pointer)).not.toContain(path)
      expect(found(patient, given, 'ignore').length).toBeGreaterThan(3)
    },
  )

  test('field cannot be supplied by inheritance', () => {
    const policy = defineFields('p', { toString: {} } as never)
    expect(thrown(() => walk(policy, {})).code).toBe('ERR_FIELD_MISSING')
  })

  test('field in a partial document does not excuse a wrong shape', () => {
    const error = thrown(() => walk(patient, { address: 'Main St 1' }, 'ignore'))
    expect([error.code, error.cause.path]).toEqual(['ERR_FIELD_MISSING', '/address'])
    expect(found(patient, {}, 'ignore')).toEqual([])
  })

  test("field is listed by 'collect' if its holder exists, optional or not", () => {
    const { absent, places, copy } = walk(
      patient,
      { address: {}, visits: [{}, { note: 'b' }], phones: { home: {} }, tags: [] },
      'collect',
    )
    expect(absent.map(({ pointer }) => pointer)).toEqual([
      '/ssn',
      '/address/street',
      '/visits/0/note',
      '/phones/home/number',
    ])
    expect(places.map(({ pointer }) => pointer)).toEqual(['/visits/1/note'])
    for (const { holder, key } of absent) holder[key] = 'opened'
    expect(copy).toEqual({
      ssn: 'opened',
      address: { street: 'opened' },
      visits: [{ note: 'opened' }, { note: 'b' }],
      phones: { home: { number: 'opened' } },
      tags: [],
    })
  })

  test("holder is an error even with 'collect'", () => {
    const given = { visits: [], phones: {}, tags: [] }
    expect(thrown(() => walk(patient, given, 'collect')).cause.path).toBe('/address')
  })
})

describe('`optional` on a path covers everything above it', () => {
  const policy = defineFields('p', { 'a.b.c': { optional: true }, 'list[*].x': { optional: true } })

  test.each<[string, unknown, unknown[]]>([
    ['for an empty payload', {}, []],
    ['for null above', { a: null, list: null }, []],
    ['for null further down', { a: { b: null }, list: [null, { x: 1 }, undefined] }, [['/list/1/x', 1]]],
    ['for a complete payload', { a: { b: { c: 1 } }, list: [] }, [['/a/b/c', 1]]],
    ['for null in the place itself, which is a value', { a: { b: { c: null } } }, [['/a/b/c', null]]],
  ])('%s', (_, given, expected) => {
    expect(found(policy, given)).toEqual(expected)
  })

  test('but a wrong shape never counts as absent', () => {
    for (const given of [
      { a: 'x' },
      { a: { b: [] } },
      { list: {} },
      { list: [1] },
      { a: 0 },
      { a: '' },
      { a: false },
    ])
      expect(thrown(() => walk(policy, given)).code).toBe('ERR_FIELD_MISSING')
  })

  test('but a required neighbour requires everything above both, in either order of declaration', () => {
    for (const both of [
      defineFields('p', { 'a.b': { optional: true }, 'a.c': {} }),
      defineFields('p', { 'a.c': {}, 'a.b': { optional: true } }),
    ]) {
      expect(thrown(() => walk(both, {})).cause.path).toBe('/a')
      expect(found(both, { a: { c: 1 } })).toEqual([['/a/c', 1]])
    }
  })
})

describe('refuses', () => {
  class Address {
    street = 'Main St 1'
  }

  test.each<[string, unknown, string, string]>([
    ['undefined', undefined, 'ERR_FIELD_MISSING', ''],
    ['null', null, 'ERR_FIELD_MISSING', ''],
    ['a string as the root', 'body', 'ERR_FIELD_MISSING', ''],
    ['a list as the root', [payload()], 'ERR_FIELD_MISSING', ''],
    ['a class instance as the root', new Address(), 'ERR_VALUE_INVALID', ''],
    ['a Map', new Map(), 'ERR_VALUE_INVALID', ''],
    ['a string for an object', { ...payload(), address: 'x' }, 'ERR_FIELD_MISSING', '/address'],
    ['a list for an object', { ...payload(), address: [] }, 'ERR_FIELD_MISSING', '/address'],
    ['an instance for an object', { ...payload(), address: new Address() }, 'ERR_VALUE_INVALID', '/address'],
    ['an object for a list', { ...payload(), tags: { 0: 'x', length: 1 } }, 'ERR_FIELD_MISSING', '/tags'],
    ['a string for a list', { ...payload(), tags: 'xyz' }, 'ERR_FIELD_MISSING', '/tags'],
    ['a Map for a record', { ...payload(), phones: new Map() }, 'ERR_VALUE_INVALID', '/phones'],
    ['a list for a record', { ...payload(), phones: [{ number: '1' }] }, 'ERR_FIELD_MISSING', '/phones'],
    ['a bare element', { ...payload(), visits: ['note'] }, 'ERR_FIELD_MISSING', '/visits/*'],
  ])('%s', (_, given, code, path) => {
    const error = thrown(() => walk(patient, given))
    expect([error.code, error.cause.path]).toEqual([code, path])
  })

  test.each<[string, string, string]>([
    ['the root', '{"__proto__":{"ssn":"x"},"ssn":"x"}', ''],
    ['a declared object', '{"ssn":"x","address":{"__proto__":{"street":"x"}}}', '/address'],
  ])('a member named __proto__ in %s', (_, text, path) => {
    const error = thrown(() => walk(patient, JSON.parse(text)))
    expect([error.code, error.cause.path]).toEqual(['ERR_VALUE_INVALID', path])
  })

  test.each(['__proto__', 'constructor', 'prototype'])('a record with a member named %s', (name) => {
    const policy = defineFields('p', { 'phones.*': {} })
    const error = thrown(() => walk(policy, JSON.parse(`{"phones":{"a":"1","${name}":"2"}}`)))
    expect([error.code, error.cause.path]).toEqual(['ERR_VALUE_INVALID', '/phones'])
    expect(Object.hasOwn(Object.prototype, 'a')).toBe(false)
  })

  test('nothing outside the declared paths, such as a cycle', () => {
    const given: Record<string, unknown> = { ssn: 'x' }
    given.self = given
    expect(found(defineFields('p', { 'self.self.ssn': {} }), given)).toEqual([['/self/self/ssn', 'x']])
  })

  test('with the template path, never with a key or a value of the payload', () => {
    const error = thrown(() => walk(patient, { ...payload(), phones: { 'canary-7c1f': 'canary-7c1f' } }))
    expect(`${error.stack}${JSON.stringify(error)}`).not.toContain('canary')
    expect(error.cause.path).toBe('/phones/*')
  })
})

test('an instance of a class is named as the reason, at the root and below', () => {
  class Instance {
    street = 'secret'
  }
  const fields = defineFields<any>('patient', { 'address.street': {} })
  for (const [payload, path] of [
    [new Instance(), ''],
    [{ address: new Instance() }, '/address'],
  ] as const)
    expect(thrown(() => placesOf(fields, payload, { packageName: 'mine', statusCode: 500 }))).toMatchObject({
      code: 'ERR_VALUE_INVALID',
      message: `${path || '/'}: a class instance`,
      cause: { package: 'mine', path },
    })
})
