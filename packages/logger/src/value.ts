import { types } from 'node:util'
import { isPlainObject, maskValue, maxDepth } from '@glassine/core/internal'
import { isError, redactError } from './error.ts'
import { type Line, type Redaction, tooDeep, tooLarge } from './line.ts'
import type { Rule } from './names.ts'

/** Shown in place of bytes: they may hold anything, and nobody reads a list of numbers. */
const bytesMarker = '[bytes]'

type Members = Record<string, unknown>

const labels = ['name', 'key', 'field', 'path', 'param', 'property', 'instancePath', 'Name', 'Key']
const labelled = new Set(['value', 'Value', 'data', 'received', 'input', 'actual'])

/** `{ name: 'ssn', value: ... }`, as in lists of parameters and in validators' findings: the rule of the name. */
const labelOf = (holder: Members, redaction: Redaction): Rule | undefined => {
  for (const label of labels) {
    const named = holder[label]
    const name = Array.isArray(named) ? named.at(-1) : named
    const rule = typeof name === 'string' && name.length < 200 ? redaction.names.ruleOf(name) : undefined
    if (rule) return rule
  }
  return undefined
}

const isBytes = (value: object): boolean =>
  ArrayBuffer.isView(value) ||
  types.isAnyArrayBuffer(value) ||
  // What Buffer's toJSON makes of it, once it has been through JSON.
  ((value as Members).type === 'Buffer' && Array.isArray((value as Members).data))

/**
 * Makes the walk through values: a copy of plain objects, arrays, strings, numbers and errors, without cycles and
 * bounded, in which every member of a declared name is redacted.
 */
export const valueRedactor = (redaction: Redaction): Redaction['value'] => {
  /** A value under a declared name. */
  const hidden = (rule: Rule, value: unknown, line: Line, depth: number): unknown => {
    if (value === undefined || typeof value === 'function' || typeof value === 'symbol') return undefined
    line.changes++
    if (rule.kind === 'encrypted' || depth > maxDepth || --line.nodes < 0) return rule.marker
    switch (typeof value) {
      case 'string':
        line.chars -= value.length
        return line.chars < 0 ? rule.marker : maskValue(value, rule)
      case 'number':
      case 'bigint':
        return maskValue(String(value), rule)
      default:
    }
    if (value === null) return null
    if (Array.isArray(value)) return value.map((element) => hidden(rule, element, line, depth + 1))
    if (!isPlainObject(value)) return rule.marker
    // A masked record, `phones.*`: its members are masked, and one that is declared itself goes by its own rule.
    return copied(Object.keys(value), (key) =>
      hidden(redaction.names.ruleOf(key) ?? rule, value[key], line, depth + 1),
    )
  }

  const member = (
    key: string,
    value: unknown,
    line: Line,
    depth: number,
    parents: readonly object[],
  ): unknown => {
    const rule = redaction.names.ruleOf(key)
    return rule ? hidden(rule, value, line, depth) : walk(value, line, depth, parents, key)
  }

  const walk = (value: unknown, line: Line, depth: number, parents: readonly object[], key = ''): unknown => {
    switch (typeof value) {
      case 'string':
        return redaction.text(value, line, depth)
      case 'bigint':
        return String(value)
      case 'object':
        return value === null ? null : nested(value, line, depth, parents, key)
      case 'function':
      case 'symbol':
        return undefined
      default:
        return value
    }
  }

  const nested = (
    value: object,
    line: Line,
    depth: number,
    parents: readonly object[],
    key: string,
  ): unknown => {
    if (parents.includes(value)) return undefined
    if (depth > maxDepth || --line.nodes < 0) {
      line.changes++
      return depth > maxDepth ? tooDeep : tooLarge
    }
    if (isBytes(value)) return bytesMarker
    if (types.isBoxedPrimitive(value)) return walk(value.valueOf(), line, depth + 1, parents)
    const path = [...parents, value]
    const below = (key: string, child: unknown) => member(key, child, line, depth + 1, path)
    // As JSON.stringify does: what is logged of a Date, a URL or an HTTP client's error is what its toJSON says.
    const { toJSON } = value as { toJSON?: unknown }
    if (typeof toJSON === 'function') {
      const json: unknown = toJSON.call(value, key)
      return json === value ? record(value as Members, below, line, depth) : walk(json, line, depth + 1, path)
    }
    if (isError(value)) return redactError(value, redaction, line, depth, below)
    if (types.isMap(value)) return mapped(value, below, line, depth)
    if (types.isSet(value)) return list([...value], below)
    if (Array.isArray(value)) return list(value, below)
    return record(value as Members, below, line, depth)
  }

  const list = (values: readonly unknown[], below: (key: string, child: unknown) => unknown): unknown[] => {
    const [first, second] = values
    const rule = values.length === 2 && typeof first === 'string' ? redaction.names.ruleOf(first) : undefined
    // An entry of Object.entries or of a Map; two declared names are a list of names.
    const isEntry = rule && !(typeof second === 'string' && redaction.names.ruleOf(second))
    return values.map((element, at) =>
      isEntry && at === 1 ? below(first as string, element) : below('', element),
    )
  }

  const record = (
    value: Members,
    below: (key: string, child: unknown) => unknown,
    line: Line,
    depth: number,
  ): Members => {
    const keys = Object.keys(value)
    const rule = keys.some((key) => labelled.has(key)) ? labelOf(value, redaction) : undefined
    return copied(
      keys,
      (key) => {
        if (!rule || !labelled.has(key)) return below(key, value[key])
        line.changes++
        return value[key] === undefined ? undefined : rule.marker
      },
      // A key may hold data as well: `{ 'ssn=1': true }`.
      (key) => redaction.text(key, line, depth),
    )
  }

  const mapped = (
    map: ReadonlyMap<unknown, unknown>,
    below: (key: string, child: unknown) => unknown,
    line: Line,
    depth: number,
  ): unknown => {
    const entries = [...map]
    if (entries.some(([key]) => typeof key === 'object' && key !== null))
      return entries.map(([key, child]) => [below('', key), below('', child)])
    const members = new Map(entries.map(([key, child]) => [String(key), child]))
    return copied(
      [...members.keys()],
      (key) => below(key, members.get(key)),
      (key) => redaction.text(key, line, depth),
    )
  }

  return (value, line, depth) => walk(value, line, depth, [])
}

/** A new object without a prototype: a member called `__proto__` is a member like any other. */
const copied = (
  keys: readonly string[],
  read: (key: string) => unknown,
  rename: (key: string) => string = (key) => key,
): Members => {
  const copy: Members = Object.create(null)
  for (const key of keys) {
    // In this order: when the line ends between the two, a name without its value is the lesser harm.
    const name = rename(key)
    const value = read(key)
    if (value !== undefined) copy[name] = value
  }
  return copy
}
