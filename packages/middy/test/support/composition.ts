// Compositions of the stack, drawn at random: what stands where, what comes in and what the handler does.
import { arrayOf, defineFields } from '@glassine/core'
import fc from 'fast-check'
import { errorWith, lineWith } from './carriers.ts'

/** What is declared: texts, numbers, lists, records, and a member that holds anything. */
export interface Entry {
  id: string
  text: string
  count?: number
  share?: number
  list?: string[]
  deep?: { inner: { text: string } }
  rows?: { note: string; at: string }[]
  any?: unknown
}

export const entryFields = defineFields<Entry>('entry', {
  text: {},
  count: { optional: true },
  share: { optional: true },
  list: { optional: true },
  'deep.inner.text': { optional: true },
  'rows[*].note': { optional: true },
  any: { optional: true },
})
export const receiptFields = defineFields<{ id: string; total: string }>('receipt', { total: {} })

/** How a value is spelled where it should not be. */
export const spellings = {
  raw: (value: string) => value,
  'within a text': (value: string) => `Saved <${value}>.`,
  'in JSON': (value: string) => JSON.stringify({ note: value }),
  'in JSON twice': (value: string) => JSON.stringify(JSON.stringify([value])),
  'in ASCII JSON': (value: string) =>
    JSON.stringify(value).replace(
      /[^ -~]|[a-m/]/g,
      (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
    ),
  'in a URL': (value: string) => `/q?note=${encodeURIComponent(value)}`,
  'in a form': (value: string) => new URLSearchParams({ note: value }).toString(),
  'in HTML': (value: string) =>
    `<b>${value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')}</b>`,
} as const

/** Where the handler, or a hook, puts a value that does not belong there. */
const places = [
  'nowhere',
  'member',
  'member name',
  'nested list',
  'number',
  'number in another spelling',
  'declared place',
  'member twice',
  'header',
  'header name',
  'multi-value header',
  'cookie',
  'status description',
  'whole body',
  'map',
  'set',
] as const

const oneOf = <const T>(...values: readonly T[]) => fc.constantFrom(...values)
const weighted = <const T>(most: T, ...others: readonly T[]) =>
  fc.oneof(
    { weight: others.length + 1, arbitrary: fc.constant(most) },
    { weight: others.length, arbitrary: oneOf(...others) },
  )

const keyOf = <T extends object>(of: T) => fc.constantFrom(...(Object.keys(of) as (keyof T)[]))

/** One of the names, each as often as its share says. */
const shares = <T extends string>(of: Readonly<Record<T, number>>) =>
  fc.oneof(...(Object.keys(of) as T[]).map((name) => ({ weight: of[name], arbitrary: fc.constant(name) })))

/** A hook of the user's: where it stands, what it does, and what an error that it throws is like. */
const hook = fc.record({
  error: keyOf(errorWith),
  isBase64: weighted(false, true),
  at: oneOf('outside', 'between', 'inside'),
  does: shares({
    logs: 2,
    'changes the response': 2,
    'answers errors': 4,
    'answers early': 1,
    'answers instead': 2,
    'throws after': 2,
    'throws on errors': 2,
  }),
})

export const compositions = fc.record({
  seed: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  middy: oneOf('6', '7'),
  source: oneOf('http-api', 'rest', 'function-url', 'alb', 'lattice', 'direct'),
  envelope: oneOf('field', 'bundle', 'session'),
  /** Whether the envelope is one of a list. */
  isOneOfSeveral: weighted(false, true),
  isList: weighted(false, true),
  guard: fc.boolean(),
  preset: weighted(false, true),
  errorHandler: fc.boolean(),
  decrypt: weighted(true, false),
  tables: weighted(false, true),
  encrypt: weighted(true, false),
  isWrongOrder: fc.oneof(
    { weight: 19, arbitrary: fc.constant(false) },
    { weight: 1, arbitrary: fc.constant(true) },
  ),
  hooks: fc.array(hook, { maxLength: 3 }),
  answerFields: oneOf('those of the request', 'others'),
  handler: fc.record({
    does: shares({
      answers: 5,
      'answers with 422': 4,
      throws: 5,
      'answers what throws': 1,
      'answers a page': 1,
      'stores and reads': 2,
      'answers nothing': 1,
    }),
    body: oneOf('object', 'JSON', 'base64', 'bare'),
    place: oneOf('nowhere', 'nowhere', 'nowhere', 'declared place', 'declared place', ...places),
    /** What is thrown is all that was asked for, or holds a value in one place only. */
    isWhole: weighted(false, true),
    spelling: keyOf(spellings),
    error: keyOf(errorWith),
    line: keyOf(lineWith),
  }),
  /** Which optional members the payload has. */
  has: fc.uniqueArray(oneOf('count', 'share', 'list', 'deep', 'rows', 'any'), { minLength: 0, maxLength: 6 }),
})

export type Composition = typeof compositions extends fc.Arbitrary<infer T> ? T : never

export const listFields = arrayOf(entryFields)

/**
 * What the README says of compositions that cannot keep the promise, and what makes them keep it: the guard, where a
 * hook answers early or changes the response outside; Middy 7 as well, where an `onError` hook throws.
 */
export const promised = (drawn: Composition): Composition => {
  const isBare = !drawn.decrypt && !drawn.tables
  const decrypt = drawn.decrypt || isBare || drawn.preset
  const isList = drawn.isList && decrypt && !drawn.tables
  const isWrongOrder = drawn.isWrongOrder && decrypt && drawn.encrypt && !drawn.preset
  const throwing = drawn.hooks.some(({ does }) => does === 'throws on errors')
  const guarded = drawn.hooks.some(
    ({ at, does }) =>
      does === 'answers early' ||
      does === 'answers instead' ||
      does === 'throws on errors' ||
      (at === 'outside' && (does === 'changes the response' || does === 'answers errors')),
  )
  return {
    ...drawn,
    decrypt,
    encrypt: drawn.encrypt || drawn.preset,
    isList,
    // A bundle has no place in a list at the root, and a session begins with a request.
    envelope:
      (isList && drawn.envelope === 'bundle') || (drawn.envelope === 'session' && (!decrypt || isWrongOrder))
        ? 'field'
        : drawn.envelope,
    source: drawn.envelope === 'session' && drawn.source === 'direct' ? 'function-url' : drawn.source,
    isWrongOrder,
    middy: throwing ? '7' : drawn.middy,
    guard: drawn.guard || guarded,
  }
}

/**
 * Whether an error is answered with 422, and so must leave with that status: what it holds is replaced and not refused.
 * The response of a direct invocation has no status.
 */
export const answersErrors = ({ source, handler, hooks, encrypt, isWrongOrder }: Composition): boolean => {
  if (source === 'direct') return false
  const has = (does: Composition['hooks'][number]['does'], isOutside: boolean): boolean =>
    hooks.some((hook) => hook.does === does && (hook.at === 'outside') === isOutside)
  if (handler.does === 'answers with 422')
    // A body that is a mere text is no payload.
    return (
      hooks.every(({ does }) => does === 'logs') &&
      handler.body !== 'bare' &&
      handler.place !== 'whole body' &&
      encrypt &&
      !isWrongOrder
    )
  const isOverruled = hooks.some(({ does }) => does === 'answers early' || does === 'throws on errors')
  return (
    handler.does === 'throws' && has('answers errors', false) && !has('answers errors', true) && !isOverruled
  )
}

const ofHook = ({ does, error }: Composition['hooks'][number]): string => `use a hook that ${does} (${error})`

/** The composition as a short list. */
export const listed = (one: Composition): string =>
  [
    `seed ${one.seed}, Middy ${one.middy}, ${one.source}, envelope ${one.envelope}${one.isOneOfSeveral ? ', one of two' : ''}${one.isList ? ', a list of entries' : ''}`,
    one.guard ? 'middy(assertEncrypted)' : 'middy()',
    ...(one.errorHandler ? ['use httpErrorHandler'] : []),
    ...one.hooks.filter(({ at }) => at === 'outside').map(ofHook),
    ...(one.preset
      ? [`use fieldEncryption${one.tables ? ' with tables' : ''}`]
      : [
          ...(one.isWrongOrder ? ['use encryptResponse'] : []),
          ...(one.decrypt ? ['use decryptRequest'] : []),
          ...(one.tables ? ['use encryptedTables'] : []),
          ...one.hooks.filter(({ at }) => at === 'between').map(ofHook),
          ...(one.encrypt && !one.isWrongOrder ? [`use encryptResponse, fields: ${one.answerFields}`] : []),
        ]),
    ...one.hooks.filter(({ at }) => at === 'inside' || (one.preset && at === 'between')).map(ofHook),
    `handler ${one.handler.does}, body: ${one.handler.body}, a value in: ${one.handler.place}, spelled ${one.handler.spelling}, an error with ${one.handler.error}, a line with ${one.handler.line}`,
    `payload with text, ${one.has.join(', ')}`,
  ].join('\n  ')
