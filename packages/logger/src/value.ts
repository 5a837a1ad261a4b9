import { types } from 'node:util'
import { isPlainObject, leastOpenedLength, maskValue, maxDepth } from '@glassine/core/internal'
import { isError, redactError } from './error.ts'
import { type Line, type Redaction, tooDeep, tooLarge } from './line.ts'
import { type FieldRedaction, redacted } from './names.ts'

/** Shown instead of bytes: they may contain anything, and a list of numbers is unreadable anyway. */
const bytesMarker = '[bytes]'

type Members = Record<string, unknown>

/**
 * The rule for a text that is a declared name, or ends in one: `ssn`, `/patient/ssn`, `patient[ssn]`. Longer texts are
 * not names.
 */
const ruleOfText = (text: unknown, { names }: Redaction): FieldRedaction | undefined => {
  const last = Array.isArray(text) ? text.at(-1) : text
  return typeof last === 'string' && last.length < 200 && !/\s/.test(last) ? names.ruleOf(last) : undefined
}

/** Members that hold a value of any kind beside its name. */
const named = new Set([
  'value',
  'Value',
  'data',
  'received',
  'input',
  'actual',
  'originalValue',
  'oldValue',
  'newValue',
])

/** What the logger itself writes beside a message: it contains no user's value. */
const ofLogger = new Set([
  'level',
  'timestamp',
  'service',
  'sampling_rate',
  'xray_trace_id',
  'cold_start',
  'correlation_id',
  'function_arn',
  'function_memory_size',
  'function_name',
  'function_request_id',
  'tenant_id',
])

const isScalar = (value: unknown): boolean =>
  typeof value === 'string' ||
  typeof value === 'number' ||
  typeof value === 'bigint' ||
  typeof value === 'boolean'

/** DynamoDB expressions have their names and values in two members. */
const expressionValues = 'ExpressionAttributeValues'

/** Whether the expressions beside `ExpressionAttributeValues`, or the names for them, mention a declared name. */
const isMentionedBeside = (holder: Members, { names }: Redaction): boolean =>
  Object.entries(holder).some(
    ([key, value]) =>
      /Expression$|^ExpressionAttributeNames$/.test(key) &&
      names.mention.test(
        typeof value === 'string' ? value : Object.values((value as object) ?? {}).join(' '),
      ),
  )

const isBytes = (value: object): boolean =>
  ArrayBuffer.isView(value) ||
  types.isAnyArrayBuffer(value) ||
  // The result of Buffer's toJSON, after it has been through JSON.
  ((value as Members).type === 'Buffer' && Array.isArray((value as Members).data))

/**
 * Creates the walk through values: a bounded copy of plain objects, arrays, strings, numbers and errors, without
 * cycles, in which every member with a declared name is redacted.
 */
export const valueRedactor = (redaction: Redaction): Redaction['value'] => {
  /** A value under a declared name. */
  const hidden = (rule: FieldRedaction, value: unknown, line: Line, depth: number): unknown => {
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
    // A masked record, `phones.*`: its members are masked; a declared member follows its own rule.
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
      case 'object':
        return value === null ? null : nested(value, line, depth, parents, key)
      case 'function':
      case 'symbol':
        return undefined
      case 'number':
      case 'bigint': {
        const text = String(value)
        // Shorter numbers are not searched for.
        if (text.length >= leastOpenedLength && redaction.text(text, line, depth) !== text) return redacted
        return typeof value === 'bigint' ? text : value
      }
      default:
        return value
    }
  }

  /** What JSON made of bytes: a list of numbers, or an object of them. */
  const isOpenedBytes = (value: object, line: Line): boolean => {
    if (!Array.isArray(value) && !Object.hasOwn(value, '0')) return false
    const numbers: unknown[] = Object.values(value)
    if (numbers.length < leastOpenedLength || !numbers.every((number) => typeof number === 'number'))
      return false
    const text = JSON.stringify(numbers)
    line.chars -= text.length
    return redaction.opened(text, line).startsWith(redacted)
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
    if (isOpenedBytes(value, line)) return redacted
    if (types.isBoxedPrimitive(value)) return walk(value.valueOf(), line, depth + 1, parents)
    const path = [...parents, value]
    const below = (key: string, child: unknown) => member(key, child, line, depth + 1, path)
    // Like JSON.stringify: a Date, a URL or an HTTP client's error is logged as its toJSON returns it.
    const { toJSON } = value as { toJSON?: unknown }
    if (typeof toJSON === 'function') {
      const json: unknown = toJSON.call(value, key)
      return json === value ? record(value as Members, below, line, depth) : walk(json, line, depth + 1, path)
    }
    if (isError(value)) return redactError(value, redaction, line, depth, below)
    if (types.isMap(value)) return mapped(value, below, line, depth)
    if (types.isSet(value)) return list([...value], below, line)
    if (Array.isArray(value)) return list(value, below, line)
    return record(value as Members, below, line, depth)
  }

  // `rawHeaders`, entries of a map, parameters of a query: if an element is a declared name, the others may be values.
  const list = (
    values: readonly unknown[],
    below: (key: string, child: unknown) => unknown,
    line: Line,
  ): unknown[] => {
    const named = values.map((element) => typeof element === 'string' && ruleOfText(element, redaction))
    const rule = named.find(Boolean)
    const isEntry = rule && values.length === 2 && named[0] && !named[1]
    return values.map((element, at) => {
      if (isEntry && at === 1) return below(values[0] as string, element)
      if (!rule || named[at] || !isScalar(element)) return below('', element)
      line.changes++
      return rule.marker
    })
  }

  const record = (
    value: Members,
    below: (key: string, child: unknown) => unknown,
    line: Line,
    depth: number,
  ): Members => {
    const keys = Object.keys(value)
    // `{ field: 'ssn', oldValue, newValue }`, `{ path: ['ssn'], received }`: if one value is a declared name, it
    // describes the others.
    const naming = keys.filter((key) => ruleOfText(value[key], redaction))
    const rule = naming.length > 0 ? ruleOfText(value[naming[0]!], redaction) : undefined
    const isHidden = (key: string): boolean =>
      (rule !== undefined &&
        !naming.includes(key) &&
        !(depth === 0 && ofLogger.has(key)) &&
        (isScalar(value[key]) || named.has(key))) ||
      (key === expressionValues && isMentionedBeside(value, redaction))
    return copied(
      keys,
      (key) => {
        // The path that names the field is not a list of values.
        if (naming.includes(key) && Array.isArray(value[key])) return value[key]
        if (!isHidden(key)) return below(key, value[key])
        line.changes++
        return value[key] === undefined ? undefined : (rule?.marker ?? redacted)
      },
      // A key may contain data too: `{ 'ssn=1': true }`.
      (key) => redaction.name(key, line, depth),
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
      return entries.map(([key, child]) => [below('', key), below(typeof key === 'string' ? key : '', child)])
    const members = new Map(entries.map(([key, child]) => [String(key), child]))
    return copied(
      [...members.keys()],
      (key) => below(key, members.get(key)),
      (key) => redaction.name(key, line, depth),
    )
  }

  return (value, line, depth) => walk(value, line, depth, [])
}

/** A new object without a prototype: a member named `__proto__` is an ordinary member. */
const copied = (
  keys: readonly string[],
  read: (key: string) => unknown,
  rename: (key: string) => string = (key) => key,
): Members => {
  const copy: Members = Object.create(null)
  for (const key of keys) {
    // In this order: if the line ends between the two, a name without its value does less harm.
    const name = rename(key)
    const value = read(key)
    if (value !== undefined) copy[name] = value
  }
  return copy
}
