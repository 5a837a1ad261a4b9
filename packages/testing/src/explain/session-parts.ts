import { type Binding, type Fields, policyOf } from '@glassine/core'
import {
  canonicalPath,
  canonicalQuery,
  type QueryPair,
  type RecordPair,
  type Resource,
  type SessionContext,
} from '@glassine/core/internal'
import { packageName } from '../options.ts'
import type { Subject as What } from './comparison.ts'
import type { Subject } from './subject.ts'

/** What the sender was configured with, as far as it is known: tried where a format tells a hash only. */
export interface Sent {
  /** The sender's model. */
  readonly fields?: Fields
  readonly binding?: Binding
  /** The token or subject that the device bound. */
  readonly sender?: string
  readonly method?: string
  /** The URL that the device asked for, or its path. */
  readonly url?: string
}

/** One possible value of a part of the context. */
interface Candidate {
  /** What is said of it; `null` for none. */
  readonly shown: string | null
  readonly change: (context: SessionContext) => SessionContext
}

/** A part of the context; the first candidate is what is expected. */
export interface Part {
  readonly what: What
  readonly candidates: readonly [Candidate, ...Candidate[]]
}

/** The parts of a context, each with the mistakes that are usually made. */
export const partsOf = (
  expected: SessionContext,
  { event }: Subject,
  sent: Sent,
  isAlone: boolean,
): Part[] => {
  const { model, binding, sender, resource = nowhere, members, count } = expected
  const url = sent.url === undefined ? undefined : new URL(sent.url, 'https://device.invalid')
  const ofResource =
    <K extends keyof Resource>(member: K) =>
    (value: Resource[K], context: SessionContext) => ({
      resource: { ...(context.resource ?? nowhere), [member]: value },
    })
  return [
    part(
      'model',
      [model, ...modelsOf(sent)],
      (one) => ({ model: one }),
      (one) => one,
    ),
    part('binding', [binding, ...bindingsOf(binding, sent)], (one) => ({ binding: one }), pairsText),
    part(
      'sender',
      [sender, undefined, sent.sender],
      (one) => ({ sender: one }),
      (one) => (one === undefined ? null : one === sender ? 'this one' : 'the one in `sent`'),
    ),
    part('method', [resource.method, ...methodsOf(sent)], ofResource('method'), (one) => one || null),
    part(
      'path',
      [resource.path, ...pathsOf(resource.path, event, url)],
      ofResource('path'),
      (one) => one || null,
    ),
    part('query', [resource.query, ...queriesOf(resource.query, url)], ofResource('query'), (one) =>
      queryText(one, resource.query),
    ),
    part('record', [members, ...recordsOf(members)], (one) => ({ members: one }), recordText),
    part(
      'set',
      [count, ...counts(isAlone ? 20 : count + 4)],
      (one) => ({ count: one }),
      (one) => `${one} values`,
    ),
  ]
}

const nowhere: Resource = { method: '', path: '', query: [] }

const part = <T>(
  what: What,
  values: readonly [T, ...T[]],
  change: (value: T, context: SessionContext) => Partial<SessionContext>,
  shown: (value: T) => string | null,
): Part => {
  const distinct = new Map(values.map((value) => [JSON.stringify(value), value]))
  const candidates = [...distinct.values()].map((value) => ({
    shown: shown(value),
    change: (context: SessionContext) => ({ ...context, ...change(value, context) }),
  }))
  return { what, candidates: candidates as unknown as Part['candidates'] }
}

const modelsOf = ({ fields }: Sent): string[] =>
  fields === undefined ? [] : [policyOf(fields, packageName).model]

const without = <T>(list: readonly T[], at: number): T[] => list.filter((_, other) => other !== at)

const bindingsOf = (binding: Binding, sent: Sent): Binding[] => {
  const pairs = Object.entries(binding)
  return [
    ...(sent.binding === undefined ? [] : [sent.binding]),
    {},
    ...pairs.map((_, at) => Object.fromEntries(without(pairs, at))),
  ]
}

const pairsText = (binding: Binding): string | null =>
  Object.entries(binding)
    .map(([name, value]) => `${name}=${value}`)
    .sort()
    .join(', ') || null

const methodsOf = ({ method }: Sent): string[] => [
  ...(method === undefined ? [] : [method.toUpperCase()]),
  ...['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'MESSAGE', ''],
]

/** Where events have paths: as they came, without a stage, and as the template of the route. */
const pathMembers = [
  ['path'],
  ['rawPath'],
  ['raw_path'],
  ['resource'],
  ['requestContext', 'path'],
  ['requestContext', 'resourcePath'],
  ['requestContext', 'http', 'path'],
] as const

/**
 * The device's path as the service may not see it: behind a base path, without the stage, the template of the route.
 */
const pathsOf = (expected: string, event: unknown, url: URL | undefined): string[] => {
  const segments = expected.split('/').slice(1)
  const ends = segments.map((_, from) => `/${segments.slice(from).join('/')}`)
  const seen = pathMembers.map((members) => textAt(event, members)?.split('?', 1)[0])
  const stage = textAt(event, ['requestContext', 'stage'])
  const paths = [expected, ...ends, ...seen.filter((path) => path !== undefined)]
  return [
    ...(url === undefined ? [] : [url.pathname]),
    ...paths,
    ...(stage === undefined ? [] : paths.map((path) => `/${stage}${path}`)),
    '',
  ].flatMap((path) => (path === '' ? [''] : (canonicalPath(path) ?? [])))
}

const textAt = (event: unknown, members: readonly string[]): string | undefined => {
  const value = members.reduce(
    (holder, name) =>
      typeof holder === 'object' && holder !== null && Object.hasOwn(holder, name)
        ? (holder as Record<string, unknown>)[name]
        : undefined,
    event,
  )
  return typeof value === 'string' ? value : undefined
}

const queriesOf = (query: readonly QueryPair[], url: URL | undefined): (readonly QueryPair[])[] => [
  ...(url === undefined ? [] : [canonicalQuery(url.search)]),
  [],
  ...query.map((_, at) => without(query, at)),
]

/** Names alone: what stands behind them may be personal. */
const queryText = (query: readonly QueryPair[], expected: readonly QueryPair[]): string | null => {
  const names = query.map(([name]) => name).join(', ')
  if (names === '') return null
  const isOther = names === expected.map(([name]) => name).join(', ') && query !== expected
  return isOther ? `${names} (with other values)` : names
}

const recordsOf = (members: readonly RecordPair[]): (readonly RecordPair[])[] => [
  [],
  ...members.map((_, at) => without(members, at)),
]

const recordText = (members: readonly RecordPair[]): string | null =>
  members.map(({ pointer }) => pointer).join(', ') || null

const counts = (to: number): number[] => Array.from({ length: to + 1 }, (_, count) => count)
