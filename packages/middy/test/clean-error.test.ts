import { inspect } from 'node:util'
import { defineFields } from '@glassine/core'
import { decryptRequest } from '@glassine/middy'
import { sampleContext } from '@glassine/testing'
import { describe, expect, it, test } from '@jest/globals'
import { fakeEnvelope } from './support/fake-envelope.ts'
import { majors } from './support/outcome.ts'
import { sealedBy } from './support/stack.ts'

const fields = defineFields<{ id: string; ssn: string; pin: number }>('person', { ssn: {}, pin: {} })
const envelope = fakeEnvelope()
const ssn = 'MARK-078-05-1120'
const pin = 4711471147

class Held {
  readonly value = ssn
}
class Hidden extends Error {
  readonly #value = ssn
  get input(): string {
    return this.#value
  }
  override get message(): string {
    return `bad ${this.#value}`
  }
}

const jsonOf = (value: unknown): string | undefined => {
  try {
    return JSON.stringify(value)
  } catch {
    // A cycle, or a large integer.
    return undefined
  }
}

/** Shows a private value in each of the ways in which others make a text of an object. */
const showing = <T extends abstract new (...args: any[]) => object>(
  type: T,
  name: PropertyKey,
  get = false,
) => {
  const Shown = class extends (type as any) {
    readonly #value = ssn
    static of(one: any): string {
      return one.#value
    }
  } as any
  const describe = get
    ? {
        get(this: object) {
          return Shown.of(this)
        },
      }
    : {
        value(this: object) {
          return Shown.of(this)
        },
      }
  Object.defineProperty(Shown.prototype, name, { configurable: true, ...describe })
  return new Shown()
}

describe.each(majors)('an error that leaves the function, Middy %s', (_, middy) => {
  const left = async (error: unknown): Promise<any> => {
    const handler = middy()
      .use(decryptRequest({ fields, envelope, onRefused: () => {} }) as any)
      .handler(async () => {
        throw error
      })
    const payload = await sealedBy(envelope, { id: 'p', ssn, pin } as never, {}, fields as never)
    return (handler as any)(payload, sampleContext()).then(
      () => {
        throw new Error('answered')
      },
      (one: unknown) => one,
    )
  }
  const withMembers = (members: object) => Object.assign(new Error('bad input'), members)
  const frozen = Object.freeze(withMembers({ input: ssn }))
  const cyclic: any = withMembers({ request: { body: { ssn } } })
  cyclic.request.error = cyclic

  it.each<[string, unknown]>([
    ['its message', new Error(`bad ${ssn}`)],
    ['its name', withMembers({ name: ssn })],
    ['a text', withMembers({ input: ssn })],
    ['a number', withMembers({ input: pin })],
    ['an integer of any size', withMembers({ input: BigInt(pin) })],
    ['JSON', withMembers({ body: JSON.stringify({ a: [ssn, pin] }) })],
    ['a Map', withMembers({ input: new Map([['a', ssn]]) })],
    ['the key of a Map', withMembers({ input: new Map([[{ ssn }, 1]]) })],
    ['a Set', withMembers({ input: new Set([1, [ssn]]) })],
    ['bytes', withMembers({ input: Buffer.from(`{"ssn":"${ssn}"}`) })],
    ['a buffer', withMembers({ input: new TextEncoder().encode(ssn).buffer })],
    ['a symbol key', withMembers({ [Symbol('input')]: ssn })],
    ['the description of a symbol', withMembers({ [Symbol(ssn)]: 1 })],
    ['a name', withMembers({ [ssn]: 'is wrong' })],
    ['a name further inside', withMembers({ errors: { [ssn]: ['is wrong'] } })],
    ['a symbol', withMembers({ input: Symbol(ssn) })],
    [
      'a getter',
      Object.defineProperty(withMembers({}), 'input', {
        get: () => ssn,
        enumerable: true,
        configurable: true,
      }),
    ],
    ['a getter of its class', new Hidden()],
    ['a function', withMembers({ retry: Object.assign(() => {}, { input: ssn }) })],
    ['an object of a class', withMembers({ input: new Held() })],
    ['a URL', withMembers({ url: new URL(`https://a.example/?q=${ssn}`) })],
    ['headers', withMembers({ headers: new Headers({ 'x-note': ssn }) })],
    ['a boxed text', withMembers({ input: new String(ssn) })],
    ['an error inside', withMembers({ cause: new Error(`bad ${ssn}`, { cause: { ssn } }) })],
    ['several errors', new AggregateError([new Error(ssn), { ssn }], 'bad input')],
    ['a cycle', cyclic],
    ['members that cannot change', frozen],
    [
      'a proxy that does not let itself be read',
      withMembers({
        input: new Proxy(
          { ssn },
          {
            ownKeys: () => {
              throw new Error(ssn)
            },
          },
        ),
      }),
    ],
    ['many objects', withMembers({ input: [ssn], many: Array.from({ length: 30_000 }, () => ({})) })],
    ['no error but a text', `bad ${ssn}`],
    ['no error but an object', { code: 'E', input: ssn }],
    ['no error but a number', pin],
    ['no error but an object whose class has a getter', showing(Object, 'message', true)],
    ['no error but an object whose prototype has it', Object.create({ message: ssn, statusCode: 422 })],
    ['no error but an object that is a text', showing(Object, 'toString')],
    ['no error but an object that is a primitive', showing(Object, Symbol.toPrimitive)],
    ['no error but an object that is JSON', showing(Object, 'toJSON')],
    ['no error but a record that is a text', { toString: () => ssn }],
    [
      'a proxy that is a text',
      new Proxy({}, { get: (_, name) => (name === 'toString' ? () => ssn : undefined) }),
    ],
    ['the text of its class', showing(Error, 'toString')],
    ['the JSON of its class', showing(Error, 'toJSON')],
    ['what its class shows', showing(Error, inspect.custom)],
    ['the JSON of a cause', withMembers({ cause: showing(Error, 'toJSON') })],
    ['the JSON of a record', withMembers({ input: { toJSON: () => ssn } })],
  ])('does not hold a value in %s', async (_name, error) => {
    const came = await left(error)
    const shown = inspect(came, { depth: 20, showHidden: true, getters: true })
    const texts = [
      shown,
      String(came),
      jsonOf(came),
      inspect(came?.input),
      String(came?.message),
      String(came?.stack),
    ]
    expect(texts.join('\n')).not.toMatch(/MARK|078-05|4711471147/)
    if (error instanceof Error) expect(came).toBeInstanceOf(Error)
  })

  test('stays the object that was thrown, with its class and what holds no value', async () => {
    const when = new Date(0)
    const error = new TypeError(`bad ${ssn}`, { cause: { when, list: [1, 'two'], input: ssn } })
    const came = await left(error)
    expect(came).toBe(error)
    expect([came.name, came.message, came.cause]).toEqual([
      'TypeError',
      'bad [redacted]',
      { when, list: [1, 'two'], input: '[redacted]' },
    ])
    expect(came.cause.when).toBe(when)
  })

  test('is not touched where it holds no value', async () => {
    const details = { list: [1, 2, 3] }
    const error = withMembers({ details })
    expect(await left(error)).toBe(error)
    expect((error as unknown as { details: unknown }).details).toBe(details)
  })

  test('what the handler still holds does not change', async () => {
    const held = { input: ssn }
    await left(withMembers({ held }))
    expect(held).toEqual({ input: ssn })
  })
})
