import { defineFields, Encrypted, Masked, Model, Nested, policyOf } from '@glassine/core'
import { thrown } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'

class Visit {
  @Encrypted() note!: Encrypted<string>
}

@Model('patient')
class Patient {
  @Encrypted({ label: 'phi' }) ssn!: Encrypted<string>
  @Nested(() => Visit, { in: 'array' }) visits!: Visit[]
  @Nested(() => Visit, { in: 'record', optional: true }) byDay?: Record<string, Visit>
  @Masked({ keepLast: 4 }) phone!: string
}

// What a JavaScript user, or one whose compiler strips types without checking them, could write.
type Loose = (...args: unknown[]) => (...args: unknown[]) => void
const loose = { Encrypted, Masked, Model, Nested } as unknown as Record<
  'Encrypted' | 'Masked' | 'Model' | 'Nested',
  Loose
>

describe('policyOf', () => {
  test('gives the same for a class as for paths', () => {
    expect(policyOf(Patient).fields).toEqual(
      defineFields('patient', {
        ssn: { label: 'phi' },
        'visits[*].note': {},
        'byDay.*.note': {},
        phone: { masked: { keepLast: 4 } },
      }).fields,
    )
  })

  test('compiles a class once and returns a policy unchanged', () => {
    const policy = policyOf(Patient)
    expect(policyOf(Patient)).toBe(policy)
    expect(policyOf(policy)).toBe(policy)
  })

  test('never instantiates a model', () => {
    @Model('eager')
    class Eager {
      @Encrypted() ssn!: Encrypted<string>
      constructor() {
        throw new Error('instantiated')
      }
    }
    expect(policyOf(Eager).fields).toHaveLength(1)
  })

  test.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['a string', 'patient'],
    ['an array', ['ssn']],
    ['a list of paths', { ssn: {} }],
    ['an object that looks like a policy', { ...policyOf(Patient) }],
    ['an object that inherits from a policy', Object.create(policyOf(Patient))],
  ])('refuses %s as a `fields` option', (_, fields) => {
    const error = thrown(() => policyOf(fields as typeof Patient, '@glassine/middy'))
    expect(error.code).toBe('ERR_OPTION_INVALID')
    expect(error.cause).toEqual({ package: '@glassine/middy', option: 'fields' })
  })

  test.each<[string, new () => object]>([
    ['without @Model', Visit],
    ['without anything', class {}],
    ['with @Model and no field', decorated(class {}, 'empty')],
    ['that inherits its @Model', class extends Patient {}],
  ])('refuses a class %s as ERR_MODEL_INVALID', (_, model) => {
    expect(thrown(() => policyOf(model)).code).toBe('ERR_MODEL_INVALID')
  })

  test('refuses a function that is not a class as ERR_MODEL_INVALID', () => {
    expect(thrown(() => policyOf((() => Patient) as never)).code).toBe('ERR_MODEL_INVALID')
  })
})

/** Calls the class decorator as a legacy compiler does. */
function decorated<C extends new () => object>(type: C, id: string): C {
  loose.Model(id)(type)
  return type
}

describe('nested classes', () => {
  test('one that contains itself without an end is refused, with the path', () => {
    @Model('tree')
    class Tree {
      @Encrypted() note!: Encrypted<string>
      @Nested(() => Branch) branch!: Branch
    }
    class Branch {
      @Nested(() => Tree) tree!: Tree
    }
    const error = thrown(() => policyOf(Tree))
    expect([error.code, error.cause.path]).toEqual(['ERR_MODEL_INVALID', '/branch/tree'])
  })

  test('may not contain themselves through a subclass', () => {
    class Node {
      @Nested(() => Leaf) leaf!: Leaf
    }
    class Leaf extends Node {
      @Encrypted() note!: Encrypted<string>
    }
    @Model('root')
    class Root {
      @Nested(() => Node) node!: Node
    }
    expect(thrown(() => policyOf(Root)).cause.path).toBe('/node/leaf/leaf')
  })

  test('may be used at two places', () => {
    @Model('twice')
    class Twice {
      @Nested(() => Visit) first!: Visit
      @Nested(() => Visit) second!: Visit
    }
    expect(policyOf(Twice).fields.map(({ path }) => path)).toEqual(['/first/note', '/second/note'])
  })

  test.each<[string, unknown]>([
    ['declares nothing', class {}],
    ['is undefined in a circular import', undefined],
    ['is not a class', {}],
  ])('are refused with the path if one %s', (_, type) => {
    class Broken {}
    loose.Nested(() => type)(Broken.prototype, 'child')
    const error = thrown(() => policyOf(decorated(Broken, 'broken')))
    expect([error.code, error.cause.path]).toEqual(['ERR_MODEL_INVALID', '/child'])
  })

  test('are one member even if the name contains the signs of a path', () => {
    @Model('odd')
    class Odd {
      @Encrypted() 'a.b': Encrypted<string>
      @Encrypted() 'c/d~e': Encrypted<string>
      @Encrypted() '*': Encrypted<string>
      @Encrypted() 'list[*]': Encrypted<string>
    }
    expect(policyOf(Odd).fields.map(({ path }) => path)).toEqual(['/a.b', '/c~1d~0e', '/~2', '/list[*]'])
  })
})

describe('inheritance', () => {
  test('does not let a child change its parent or siblings', () => {
    @Model('a')
    class A extends Patient {
      @Encrypted() a!: Encrypted<string>
    }
    @Model('b')
    class B extends Patient {
      @Masked() override ssn: string = ''
    }
    const paths = (type: new () => object) => policyOf(type).fields.map(({ kind, path }) => `${kind} ${path}`)
    expect(paths(A)).toEqual([...paths(Patient), 'encrypted /a'])
    expect(paths(B)).toEqual(['masked /ssn', ...paths(Patient).slice(1)])
    expect(paths(Patient)).toHaveLength(4)
  })

  test('does not let a child change its parent with legacy decorators either', () => {
    class Parent {}
    class Child extends Parent {}
    loose.Encrypted()(Parent.prototype, 'a')
    loose.Encrypted()(Child.prototype, 'b')
    const paths = (type: new () => object, id: string) =>
      policyOf(decorated(type, id)).fields.map(({ path }) => path)
    expect(paths(Parent, 'parent')).toEqual(['/a'])
    expect(paths(Child, 'child')).toEqual(['/a', '/b'])
  })
})

describe('refused at decoration, for users without types:', () => {
  const tc39 = (context: object) => [undefined, { kind: 'field', name: 'ssn', metadata: {}, ...context }]
  class Target {}
  const method = { value: () => '', writable: true }

  test.each<[string, unknown[]]>([
    ['a static field', tc39({ static: true })],
    ['a #private field', tc39({ private: true, name: '#ssn' })],
    ['a method', tc39({ kind: 'method' })],
    ['a getter', tc39({ kind: 'getter' })],
    ['an accessor', tc39({ kind: 'accessor' })],
    ['a class', tc39({ kind: 'class' })],
    ['a symbol', tc39({ name: Symbol('ssn') })],
    ['a field for which the compiler gives no metadata', tc39({ metadata: undefined })],
    ['a legacy static field', [Target, 'shared']],
    ['a legacy method', [Target.prototype, 'method', method]],
    ['a legacy getter', [Target.prototype, 'getter', { get: () => '' }]],
    ['a legacy symbol', [Target.prototype, Symbol('ssn')]],
    ['a legacy class', [Target]],
    ['a parameter of a constructor', [Target, undefined, 0]],
  ])('%s', (_, args) => {
    for (const decorate of [loose.Encrypted(), loose.Masked(), loose.Nested(() => Visit)])
      expect(thrown(() => decorate(...args)).code).toBe('ERR_MODEL_INVALID')
  })

  test('a decorator without its call: the field would stay plaintext', () => {
    for (const decorate of [loose.Encrypted, loose.Masked]) {
      expect(thrown(() => decorate(Target.prototype, 'ssn')).code).toBe('ERR_MODEL_INVALID')
      expect(thrown(() => decorate(...tc39({}))).code).toBe('ERR_MODEL_INVALID')
    }
    expect(thrown(() => loose.Nested(Target.prototype, 'ssn')).code).toBe('ERR_MODEL_INVALID')
    expect(thrown(() => loose.Model(Target)).code).toBe('ERR_MODEL_INVALID')
  })

  test('two decorators on one field, and two on one class', () => {
    const metadata = {}
    loose.Encrypted()(...tc39({ metadata }))
    const error = thrown(() => loose.Masked()(...tc39({ metadata })))
    expect([error.code, error.cause.path]).toEqual(['ERR_MODEL_INVALID', '/ssn'])
    class Twice {}
    loose.Model('one')(Twice)
    expect(thrown(() => loose.Model('two')(Twice)).code).toBe('ERR_MODEL_INVALID')
  })

  test('but not a field that Babel describes with an initialiser', () => {
    class Babel {}
    loose.Encrypted()(Babel.prototype, 'ssn', { writable: true, enumerable: true, initializer: null })
    expect(policyOf(decorated(Babel, 'babel')).fields).toEqual([{ kind: 'encrypted', path: '/ssn' }])
  })

  test('@Model on anything other than a class', () => {
    expect(thrown(() => loose.Model('patient')(undefined, { kind: 'field' })).code).toBe('ERR_MODEL_INVALID')
  })

  test.each<unknown>(['', '1st', 'a b', 'a/b', 'ä', 'a'.repeat(65), undefined, null, 7])(
    'the model id %p',
    (id) => {
      expect(thrown(() => loose.Model(id)).code).toBe('ERR_MODEL_INVALID')
      expect(thrown(() => defineFields(id as string, { ssn: {} })).code).toBe('ERR_MODEL_INVALID')
    },
  )

  test.each<['Encrypted' | 'Masked' | 'Nested', string, object]>([
    ['Encrypted', 'optinal', { optinal: true }],
    ['Encrypted', 'keepLast', { keepLast: 4 }],
    ['Encrypted', 'constructor', { constructor: true }],
    ['Encrypted', 'optional', { optional: 'yes' }],
    ['Encrypted', 'optional', { optional: null }],
    ['Encrypted', 'label', { label: '' }],
    ['Encrypted', 'label', { label: 7 }],
    // Reserved for searchable encryption: if it were accepted without effect, it would pass for queryable.
    ['Encrypted', 'beacon', { beacon: { bits: 24 } }],
    ['Masked', 'keepLast', { keepLast: -1 }],
    ['Masked', 'keepFirst', { keepFirst: 0.5 }],
    ['Masked', 'optional', { optional: true }],
    ['Nested', 'in', { in: 'set' }],
    ['Nested', 'optional', { optional: 1 }],
    ['Nested', 'label', { label: 'phi' }],
  ])('@%s with a wrong option `%s`: %j', (name, option, options) => {
    const error = thrown(() =>
      name === 'Nested' ? loose.Nested(() => Visit, options) : loose[name](options),
    )
    expect(error.code).toBe('ERR_OPTION_INVALID')
    expect(error.cause.option).toBe(option)
  })

  test.each<[string, unknown]>([
    ['null', null],
    ['a string', 'phi'],
    ['an array', []],
    ['a Map', new Map()],
  ])('options that are %s', (_, options) => {
    expect(thrown(() => loose.Encrypted(options)).code).toBe('ERR_OPTION_INVALID')
    expect(thrown(() => loose.Masked(options)).code).toBe('ERR_OPTION_INVALID')
    expect(thrown(() => loose.Nested(() => Visit, options)).code).toBe('ERR_OPTION_INVALID')
  })

  test('but not undefined options, which count as not given', () => {
    class Fine {}
    loose.Encrypted({ label: undefined, optional: true })(Fine.prototype, 'a')
    loose.Encrypted({ optional: undefined })(Fine.prototype, 'b')
    expect(policyOf(decorated(Fine, 'fine')).fields).toEqual([
      { kind: 'encrypted', path: '/a', optional: true },
      { kind: 'encrypted', path: '/b' },
    ])
  })

  test('changes to options after the decoration have no effect', () => {
    const options = { label: 'phi' }
    class Late {}
    loose.Encrypted(options)(Late.prototype, 'a')
    options.label = 'none'
    expect(policyOf(decorated(Late, 'late')).fields[0]).toMatchObject({ label: 'phi' })
  })
})
