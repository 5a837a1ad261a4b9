// Where an error or a log line may hold a value: each place by itself, since one that is found gives away the others.
import { inspect } from 'node:util'

/** Not of Node's pool of bytes, which has other values, too. */
const bytesOf = (value: string): Buffer => Buffer.from(new TextEncoder().encode(value).buffer)

/** An error that holds a value in one place, and in no other. */
export const errorWith = {
  message: (value: string) => new Error(`bad ${value}`),
  name: (value: string) => Object.assign(new Error('bad'), { name: value }),
  member: (value: string) => Object.assign(new Error('bad'), { remark: value }),
  'member name': (value: string) => Object.assign(new Error('bad'), { [value]: 1 }),
  'hidden member': (value: string) => Object.defineProperty(new Error('bad'), 'remark', { value }),
  getter: (value: string) =>
    Object.defineProperty(new Error('bad'), 'remark', { get: () => value, enumerable: true }),
  symbol: (value: string) => Object.assign(new Error('bad'), { [Symbol('remark')]: value }),
  map: (value: string) =>
    Object.assign(new Error('bad'), { map: new Map([['entry', { remarks: [value] }]]) }),
  'key of a map': (value: string) =>
    Object.assign(new Error('bad'), { map: new Map([[{ remark: value }, 1]]) }),
  set: (value: string) => Object.assign(new Error('bad'), { set: new Set([{ remark: value }]) }),
  cause: (value: string) => new Error('bad', { cause: new Error(`worse ${value}`) }),
  'cause of a cause': (value: string) =>
    new Error('bad', { cause: new Error('worse', { cause: { remark: value } }) }),
  'cause in a map': (value: string) =>
    Object.assign(new Error('bad'), {
      map: new Map([['of', new Error('worse', { cause: { remark: value } })]]),
    }),
  errors: (value: string) => new AggregateError([new Error('one'), new Error(`two ${value}`)], 'bad'),
  bytes: (value: string) => Object.assign(new Error('bad'), { body: bytesOf(value) }),
  'bytes in a set': (value: string) => Object.assign(new Error('bad'), { set: new Set([bytesOf(value)]) }),
  URL: (value: string) =>
    Object.assign(new Error('bad'), { url: new URL(`https://x.example/?q=${encodeURIComponent(value)}`) }),
  class: (value: string) => Object.assign(new Error('bad'), { entry: new Remark(value) }),
  'text of its class': (value: string) => new Shown(value, 'toString'),
  'JSON of its class': (value: string) => new Shown(value, 'toJSON'),
  'what its class shows': (value: string) => new Shown(value, inspect.custom),
} satisfies Readonly<Record<string, (value: string) => Error>>

/** Its members are not its own. */
class Remark {
  readonly #value: string
  constructor(value: string) {
    this.#value = value
  }
  toJSON() {
    return { remark: this.#value }
  }
}

/** An error that makes something else of itself than its members. */
class Shown extends Error {
  readonly #value: string
  constructor(value: string, by: PropertyKey) {
    super('bad')
    this.#value = value
    Object.defineProperty(this, by, { value: () => this.#value })
  }
}

/** What a line logs that has a value in one place, under no declared name. */
export const lineWith = {
  text: (value: string) => `read ${value}`,
  member: (value: string) => ({ remark: value }),
  'member name': (value: string) => ({ [value]: 1 }),
  list: (value: string) => ['read', [value]],
  'JSON as text': (value: string) => JSON.stringify({ remark: [value] }),
  map: (value: string) => new Map([['entry', { remark: value }]]),
  'key of a map': (value: string) => new Map([[value, 1]]),
  'object as the key of a map': (value: string) => new Map([[{ remark: value }, 1]]),
  set: (value: string) => new Set([value]),
  bytes: (value: string) => ({ remark: bytesOf(value) }),
  'bytes as numbers': (value: string) => ({ remark: [...bytesOf(value)] }),
  error: (value: string) => ({ error: new Error(`bad ${value}`) }),
  cause: (value: string) => new Error('bad', { cause: new Error(`worse ${value}`) }),
  errors: (value: string) => new AggregateError([new Error(`two ${value}`)], 'bad'),
  class: (value: string) => ({ remark: new Remark(value) }),
} satisfies Readonly<Record<string, (value: string) => unknown>>
