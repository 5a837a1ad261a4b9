/*
 * The plaintext of a message in the field shape (specification of Glassine, "plaintext"): a JSON object with the
 * payload's set, the authenticated members of the value's record, and last the value under its JSON Pointer.
 *
 * A set has an id and counts the payload's values. Where the payload has parts that no value is in, it also has their
 * digest: authenticated members of objects without a value, and the lengths of lists with an element without one.
 */
import { hash } from 'node:crypto'
import { decodeValue, type FieldPolicy, type Json, type PathNode, type RecordPair } from '@glassine/core'
import {
  bundleEntry,
  bundleOfOtherPayload,
  escapePointer,
  isGlassineError,
  isPlainObject,
  maxDepth,
  namesBeside,
  type OpenItem,
  recordPrefix,
  visitChildren,
} from '@glassine/core/internal'
import { badOption, decryptFailed, fault } from './errors.ts'
import { writeMessageId } from './message.ts'
import { idBytes } from './writer.ts'

/** Length of a set's random part, in bytes. */
const setBytes = 16

/** The member of a plaintext that names its set: no pointer begins without a slash. */
const setMember = 'set'

/** The set of a new payload as a member of each plaintext, followed by a comma. */
const newSet = (count: number, digest: string | undefined): string => {
  const bytes = Buffer.allocUnsafe(idBytes)
  writeMessageId(bytes, 0)
  const rest = digest === undefined ? '' : `,"${digest}"`
  return `${bundleEntry(setMember, `["${bytes.toString('base64url', 0, setBytes)}",${count}${rest}]`)},`
}

/** A payload that was walked along its declared paths. */
interface Walked {
  readonly copy: unknown
  readonly items: readonly { readonly record: readonly RecordPair[] }[]
  readonly members: readonly RecordPair[]
}

/**
 * Refuses to read a payload without an encrypted value, since nothing in it is authenticated. A partial one may have
 * none, and so may one of a model whose encrypted fields are all optional. An empty list can be written: it holds
 * nothing.
 *
 * @throws GlassineError `ERR_FIELD_MISSING`
 */
export const refuseUnbound = ({ encrypted }: FieldPolicy, partial: boolean | undefined): void => {
  if (partial || !someNode(encrypted, ({ field }) => field !== undefined, true)) return
  throw fault('ERR_FIELD_MISSING', {
    path: encrypted.path,
    message: 'The payload has no encrypted value: allow that by `partial`, or declare its fields optional',
  })
}

const recordsKnown = new WeakMap<PathNode, boolean>()

/**
 * Refuses a declaration with authenticated fields where messages hold bare values: nothing would bind them.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`
 */
export const checkFields = (bindFields: 'set' | 'place' | false, { model, encrypted }: FieldPolicy): void => {
  if (bindFields !== false) return
  let hasRecords = recordsKnown.get(encrypted)
  if (hasRecords === undefined) {
    hasRecords = someNode(encrypted, ({ record }) => record !== undefined)
    recordsKnown.set(encrypted, hasRecords)
  }
  if (hasRecords)
    throw badOption(
      'bindFields',
      `must not be false for ${model}, whose authenticated fields nothing would bind`,
    )
}

/**
 * The digest of a payload's parts that no value is in, for its set.
 *
 * @throws GlassineError `ERR_FIELD_MISSING` where each message is valid by itself: none authenticates those members
 */
export const digestOf = (
  bindFields: 'set' | 'place',
  policy: FieldPolicy,
  walked: Walked,
  statusCode: 400 | 500,
): string | undefined => {
  const loose = looseMembers(walked)
  if (bindFields === 'set') return looseDigest(policy, walked, loose)
  if (loose.length === 0) return undefined
  throw fault('ERR_FIELD_MISSING', {
    path: policy.encrypted.path,
    statusCode,
    message: "An object with authenticated fields needs an encrypted value with `bindFields: 'place'`",
  })
}

/** The authenticated members that no value's record contains. */
const looseMembers = ({ items, members }: Walked): readonly RecordPair[] => {
  // The usual payload: its members are all at the root, so every value has them.
  if (items[0]?.record.length === members.length) return none
  const bound = new Set<RecordPair>()
  let last: readonly RecordPair[] = none
  for (const { record } of items) {
    if (record !== last) for (const pair of record) bound.add(pair)
    last = record
  }
  return members.filter((pair) => !bound.has(pair))
}

const none: readonly RecordPair[] = []

/**
 * The first 16 bytes of SHA-256 over the parts of a payload that no value is in, in base64url: over a JSON object of
 * pointers and values, sorted by pointer in code units. The length of the list `/visits` is the value of `/visits/-`.
 *
 * @param loose - the members that no value's record contains
 * @returns `undefined` if there is no such part
 */
const looseDigest = (
  { encrypted }: FieldPolicy,
  { copy }: Pick<Walked, 'copy'>,
  loose: readonly RecordPair[],
): string | undefined => {
  const counted: Counted = { values: 0, parts: [...loose] }
  if (hasLists(encrypted)) countValues(copy as Container, encrypted, '', counted)
  const { parts } = counted
  if (parts.length === 0) return undefined
  parts.sort((one, other) => (one.pointer < other.pointer ? -1 : 1))
  const text = `{${recordPrefix(parts).slice(0, -1)}}`
  return hash('sha256', text, 'buffer').toString('base64url', 0, setBytes)
}

type Container = Record<string, unknown>

interface Counted {
  values: number
  readonly parts: RecordPair[]
}

/**
 * Counts the values in a container; adds the length of each list that has an element without one. A walk of its own,
 * for models with lists only: `placesOf`, which has walked before, is part of the browser client, which binds no list.
 */
const countValues = (container: Container, node: PathNode, pointer: string, counted: Counted): void => {
  if (!Array.isArray(container)) {
    visitChildren(node, container, countChild, pointer, counted)
    return
  }
  let isSparse = false
  for (const at of container.keys()) {
    const before = counted.values
    countChild(container as unknown as Container, String(at), node.each!.node, pointer, counted)
    if (counted.values === before) isSparse = true
  }
  if (isSparse) counted.parts.push({ pointer: `${pointer}/-`, text: String(container.length) })
}

const countChild = (
  container: Container,
  name: string,
  node: PathNode,
  above: string,
  counted: Counted,
): undefined => {
  const value = Object.hasOwn(container, name) ? container[name] : undefined
  if (value === undefined) return
  if (node.field) counted.values++
  else if (value !== null)
    countValues(value as Container, node, node.pointer ?? `${above}/${escapePointer(name)}`, counted)
}

const listsKnown = new WeakMap<PathNode, boolean>()

/** Whether a model declares something in the elements of a list; found out once for each. */
const hasLists = (root: PathNode): boolean => {
  let known = listsKnown.get(root)
  if (known === undefined) {
    known = someNode(root, ({ each }) => each?.kind === 'array')
    listsKnown.set(root, known)
  }
  return known
}

/** Whether a node of a model is as asked, in a model that contains itself too. */
const someNode = (
  node: PathNode,
  isAsked: (node: PathNode) => boolean,
  onlyRequired = false,
  seen = new Set<PathNode>(),
): boolean => {
  if (seen.has(node)) return false
  seen.add(node)
  const { members = [], each } = node
  return (
    isAsked(node) ||
    [...members.map(([, child]) => child), ...(each ? [each.node] : [])].some(
      (child) => !(onlyRequired && child.optional) && someNode(child, isAsked, onlyRequired, seen),
    )
  )
}

/** Writes the plaintexts of a payload's values. */
export const plaintextWriter = (bindFields: 'set' | 'place', count: number, digest?: string) => {
  const set = bindFields === 'set' ? newSet(count, digest) : ''
  let last: { readonly record: readonly RecordPair[]; readonly prefix: string } | undefined
  return (pointer: string, text: string, record: readonly RecordPair[]): string => {
    // Values in the same container share their record.
    if (last?.record !== record) last = { record, prefix: `{${set}${recordPrefix(record)}` }
    return `${last.prefix}${bundleEntry(pointer, text)}}`
  }
}

const ofAnotherRecord = 'an authenticated field of the record differs'

/** Why the values of a bundle were not put into a payload with these authenticated members. */
export const bundleRefusal = (bundle: unknown, members: readonly RecordPair[]): string => {
  if (!isPlainObject(bundle)) return 'the plaintext is not that of a bundle'
  return namesBeside(bundle as { [pointer: string]: Json }, members) === undefined
    ? ofAnotherRecord
    : bundleOfOtherPayload
}

const foreign = 'the plaintext is not that of one field: was it written as a bundle, or without `bindFields`?'

const writtenSet = /^\{"set":(\["[\w-]{22}",(\d{1,5})(?:,"([\w-]{22})")?\]),/

/**
 * Reads the plaintexts of a payload's values. Each must have the set of the first one, which counts them all, the
 * record found in the payload, and its own pointer.
 *
 * @returns throws GlassineError `ERR_DECRYPT_FAILED`
 */
export const plaintextReader = (bindFields: 'set' | 'place', count: number, digest?: string) => {
  let set: string | undefined
  let last: { readonly record: readonly RecordPair[]; readonly prefix: string } | undefined

  const asWritten = (
    text: string,
    { pointer, record }: Pick<OpenItem, 'pointer' | 'record'>,
  ): Json | undefined => {
    if (bindFields === 'set' && set === undefined) {
      const found = writtenSet.exec(text)
      if (!found || Number(found[2]) !== count || found[3] !== digest) return undefined
      set = found[1]
    }
    if (last?.record !== record)
      last = { record, prefix: `{${bindFields === 'set' ? `"set":${set},` : ''}${recordPrefix(record)}` }
    const prefix = `${last.prefix}${JSON.stringify(pointer)}:`
    if (!text.startsWith(prefix) || text.charCodeAt(text.length - 1) !== 0x7d) return undefined
    // Exactly one value: anything after it makes the JSON invalid.
    return decodeValue(text.slice(prefix.length, -1))
  }

  return (text: string, item: Pick<OpenItem, 'pointer' | 'record'>): Json => {
    try {
      // Most plaintexts are written by this package, so only the value has to be parsed.
      return asWritten(text, item) ?? parsed(text, item)
    } catch (error) {
      // V8 quotes the text in its SyntaxError.
      throw isGlassineError(error) ? error : decryptFailed('the plaintext is not JSON')
    }
  }

  /** Members in any order, with white space, as other languages write them. */
  function parsed(text: string, { pointer, record }: Pick<OpenItem, 'pointer' | 'record'>): Json {
    const value = decodeValue(text, maxDepth + 1)
    if (!isPlainObject(value)) throw decryptFailed(foreign)
    const members = value as { [pointer: string]: Json }
    if (!Object.hasOwn(members, pointer)) throw decryptFailed('it was written for another place')
    const names = namesBeside(members, record)
    if (!names) throw decryptFailed(ofAnotherRecord)
    if (bindFields === 'set') {
      const own = names.includes(setMember) ? members[setMember] : undefined
      if (!Array.isArray(own) || own.length < 2 || own.length > 3 || !/^[\w-]{22}$/.test(String(own[0])))
        throw decryptFailed("it names no set: was it written with another `bindFields` than 'set'?")
      if (own[1] !== count) throw decryptFailed('it was written in a payload with another number of fields')
      if (own.length !== (digest === undefined ? 2 : 3) || own[2] !== digest)
        throw decryptFailed('an authenticated field or list that no encrypted value is in differs')
      set ??= JSON.stringify(own)
      if (JSON.stringify(own) !== set) throw decryptFailed('it was written in another payload')
    }
    const [found, ...others] = names.filter((name) => bindFields !== 'set' || name !== setMember)
    if (found !== pointer || others.length > 0) throw decryptFailed(foreign)
    return members[pointer] as Json
  }
}
