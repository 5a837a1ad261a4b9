/** Models that contain themselves: trees of comments, a person's parents. */
import {
  Authenticated,
  arrayOf,
  defineFields,
  Encrypted,
  type Fields,
  Masked,
  Model,
  Nested,
  placesOf,
  policyOf,
} from '@glassine/core'
import { describeFields, fieldsOf } from '@glassine/core/describe'
import { clearPlace, maxDepth } from '@glassine/core/internal'
import { deepFrozen, thrown } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'

@Model('comment')
class Comment {
  @Encrypted() text!: Encrypted<string>
  @Nested(() => Comment, { in: 'array' }) replies!: Comment[]
}

@Model('person')
class Person {
  @Authenticated() id!: string
  @Encrypted() ssn!: Encrypted<string>
  @Nested(() => Person, { optional: true }) mother?: Person
  @Nested(() => Home, { optional: true }) home?: Home | null
}

class Home {
  @Encrypted() street!: Encrypted<string>
  @Nested(() => Person, { in: 'record' }) people!: Record<string, Person>
}

const at = { packageName: 'mine', statusCode: 500 } as const
const places = (fields: Fields, payload: unknown, absent?: 'collect') =>
  placesOf(policyOf(fields), payload, { ...at, absent }).places.map(({ pointer, field, value, record }) => [
    pointer,
    field.path,
    value,
    record.map(({ pointer, text }) => `${pointer}=${text}`).join(),
  ])

const comment = (text: string, ...replies: object[]) => ({ text, replies })
const person = (id: string, ssn: string, rest: object = {}) => ({ id, ssn, ...rest })

describe('places', () => {
  test('are found at every depth, with their own pointers and the template path of the first', () => {
    const payload = comment('a', comment('b', comment('c')), comment('d'))
    expect(places(Comment, payload)).toEqual([
      ['/text', '/text', 'a', ''],
      ['/replies/0/text', '/text', 'b', ''],
      ['/replies/0/replies/0/text', '/text', 'c', ''],
      ['/replies/1/text', '/text', 'd', ''],
    ])
  })

  test('of models that stand in each other are bound to the records on their way', () => {
    const payload = person('p', '1', {
      mother: person('m', '2', { mother: person('g', '3') }),
      home: { street: '4', people: { 'a/b': person('x', '5', { home: { street: '6', people: {} } }) } },
    })
    expect(places(Person, payload)).toEqual([
      ['/ssn', '/ssn', '1', '/id="p"'],
      ['/mother/ssn', '/ssn', '2', '/id="p",/mother/id="m"'],
      ['/mother/mother/ssn', '/ssn', '3', '/id="p",/mother/id="m",/mother/mother/id="g"'],
      ['/home/street', '/home/street', '4', '/id="p"'],
      ['/home/people/a~1b/ssn', '/ssn', '5', '/id="p",/home/people/a~1b/id="x"'],
      ['/home/people/a~1b/home/street', '/home/street', '6', '/id="p",/home/people/a~1b/id="x"'],
    ])
  })

  test('below another model, and in a list at the root', () => {
    @Model('page')
    class Page {
      @Masked() title!: string
      @Nested(() => Comment) first!: Comment
    }
    const payload = { title: 't', first: comment('a', comment('b')) }
    expect(places(Page, payload).map(([pointer]) => pointer)).toEqual([
      '/first/text',
      '/first/replies/0/text',
    ])
    expect(places(arrayOf(Page), [payload]).map(([pointer]) => pointer)).toEqual([
      '/0/first/text',
      '/0/first/replies/0/text',
    ])
    expect(places(arrayOf(Comment), [comment('a', comment('b'))]).map(([pointer]) => pointer)).toEqual([
      '/0/text',
      '/0/replies/0/text',
    ])
  })

  test('are copied on their way, and nothing of the caller is written to', () => {
    const payload = deepFrozen(comment('a', comment('b', comment('c'))))
    const { copy, places: found } = placesOf(policyOf(Comment), payload, at)
    for (const { holder, key, pointer } of found) holder[key] = pointer
    expect(copy).toEqual(comment('/text', comment('/replies/0/text', comment('/replies/0/replies/0/text'))))
  })
})

describe('what is wrong far down is an error, as it is at the first step', () => {
  const refused = (payload: unknown, fields: Fields = Comment) => {
    const { code, cause } = thrown(() => places(fields, payload))
    return [code, cause.path]
  }

  test('a field or a list that is absent, another shape, an authenticated member', () => {
    expect(refused(comment('a', comment('b', { replies: [] })))).toEqual(['ERR_FIELD_MISSING', '/text'])
    expect(refused(comment('a', comment('b', { text: 'c' })))).toEqual(['ERR_FIELD_MISSING', '/replies'])
    expect(refused(comment('a', comment('b', new Date())))).toEqual(['ERR_VALUE_INVALID', '/replies/*'])
    const without = person('p', '1', { mother: person('m', '2', { mother: { ssn: '3' } }) })
    expect(refused(without, Person)).toEqual(['ERR_FIELD_MISSING', '/id'])
  })

  test('a value in the clear', () => {
    const isSealed = (value: unknown) => String(value).startsWith('sealed')
    const { encrypted } = policyOf(Comment)
    const payload = (last: string) => comment('sealed', comment('sealed', comment(last)))
    expect(clearPlace(encrypted, payload('sealed'), isSealed)).toBeUndefined()
    expect(clearPlace(encrypted, payload('clear'), isSealed)).toBe('/text')
  })
})

describe('bounds', () => {
  const deep = (levels: number): object => {
    let payload = comment('last')
    // Each reply is two levels: the list and the comment in it.
    for (let level = 0; level < levels; level += 2) payload = comment('x', payload)
    return payload
  }

  test('of depth: 100 levels are walked and no more', () => {
    expect(maxDepth).toBe(100)
    expect(places(Comment, deep(98))).toHaveLength(50)
    expect(thrown(() => places(Comment, deep(102))).code).toBe('ERR_TOO_LARGE')
    const cyclic = comment('a')
    cyclic.replies.push(cyclic)
    const { code, cause } = thrown(() => places(Comment, cyclic))
    expect([code, cause.path]).toEqual(['ERR_TOO_LARGE', '/replies'])
    expect(clearPlace(policyOf(Comment).encrypted, cyclic, () => true)).toMatch(/^\/replies/)
  })

  test('of places: 10,000 in all', () => {
    const wide = (count: number) => comment('a', ...Array.from({ length: count }, () => comment('b')))
    expect(places(Comment, wide(9_999))).toHaveLength(10_000)
    expect(thrown(() => places(Comment, wide(10_000))).code).toBe('ERR_TOO_LARGE')
  })

  test('of a model: one that can never end is refused where it is declared', () => {
    @Model('endless')
    class Endless {
      @Encrypted() ssn!: Encrypted<string>
      @Nested(() => Endless) next!: Endless
    }
    const error = thrown(() => policyOf(Endless))
    expect([error.code, error.cause.path]).toEqual(['ERR_MODEL_INVALID', '/next'])
  })
})

describe('the policy', () => {
  test('is frozen all around, and lists each field once', () => {
    const policy = policyOf(Person)
    const seen = new Set<object>()
    const frozen = (value: object): boolean => {
      if (seen.has(value)) return true
      seen.add(value)
      return (
        Object.isFrozen(value) &&
        Object.values(value).every((part) => typeof part !== 'object' || part === null || frozen(part))
      )
    }
    expect(frozen(policy)).toBe(true)
    expect(policy.fields.map(({ path }) => path)).toEqual(['/id', '/ssn', '/home/street'])
    expect(policyOf(Person)).toBe(policy)
  })

  test('is described as JSON, and read from it', () => {
    for (const [fields, payload] of [
      [Comment, comment('a', comment('b', comment('c')))],
      [Person, person('p', '1', { mother: person('m', '2', { home: { street: '3', people: {} } }) })],
      [arrayOf(Comment), [comment('a', comment('b'))]],
    ] as const) {
      const description = JSON.parse(JSON.stringify(describeFields(fields as Fields)))
      expect(places(fieldsOf(description), payload)).toEqual(places(fields as Fields, payload))
    }
    expect(describeFields(Comment)).toEqual({
      model: 'comment',
      fields: [
        { kind: 'encrypted', at: ['text'] },
        { back: 2, at: ['replies', { each: 'array' }] },
      ],
    })
  })

  test.each<[string, object]>([
    ['no number', { back: '1', at: ['replies', { each: 'array' }] }],
    ['beyond the root', { back: 3, at: ['replies', { each: 'array' }] }],
    ['nowhere', { back: 0, at: ['replies', { each: 'array' }] }],
    ['without an end', { back: 1, at: ['next'] }],
    ['with options', { back: 2, at: ['replies', { each: 'array' }], label: 'phi' }],
  ])('is not read from a loop that leads %s', (_name, loop) => {
    const description: any = { model: 'comment', fields: [{ kind: 'encrypted', at: ['text'] }, loop] }
    expect(thrown(() => fieldsOf(description)).code).toBe('ERR_MODEL_INVALID')
  })

  test('of paths has no loops: its steps are those that are written', () => {
    const fields = defineFields<any>('comment', { text: {}, 'replies[*].text': {} })
    expect(places(fields, comment('a', comment('b', comment('c')))).map(([pointer]) => pointer)).toEqual([
      '/text',
      '/replies/0/text',
    ])
  })
})
