// Kinds of faults, applied everywhere that the syntax tree of a source file allows.
import type { Mutant, Source } from './mutant.ts'
import {
  type Above,
  bodyOf,
  calleeOf,
  isBlock,
  isFunction,
  type Node,
  parse,
  spanOf,
  walk,
} from './syntax.ts'

/** A fault at a place: its replacement. */
interface Fault {
  readonly kind: string
  readonly start: number
  readonly end: number
  readonly becomes: string
}

/** Text of a node, and of the text between two places. */
type TextOf = (start: number, end: number) => string

type Maker = (node: Node, above: Above, text: TextOf) => readonly Fault[]

const fault = (kind: string, node: Node, becomes: string): Fault => {
  const [start, end] = spanOf(node)
  return { kind, start, end, becomes }
}

const textOf = (node: Node, text: TextOf): string => text(...spanOf(node))

/** Draws of randomness give zeros. */
const randomness: Maker = (node, _above, text) => {
  if (node.type !== 'CallExpression') return []
  const [first] = node.arguments
  const argument = first ? textOf(first.expression, text) : ''
  const becomes: Readonly<Record<string, string>> = {
    randomUUID: "'00000000-0000-4000-8000-000000000000'",
    randomInt: '0',
    randomFillSync: `(${argument}).fill(0)`,
    getRandomValues: `(${argument}).fill(0)`,
    // The client's own call has the generator first.
    randomBytes: `new Uint8Array(${node.arguments.length > 1 ? textOf(node.arguments[1].expression, text) : argument})`,
  }
  const name = calleeOf(node)
  if (name === undefined || !Object.hasOwn(becomes, name)) return []
  // A Buffer has methods that an array of bytes lacks.
  const inBuffer = name === 'randomBytes' && node.arguments.length === 1
  return [fault('randomness', node, inBuffer ? `Buffer.alloc(${argument})` : becomes[name]!)]
}

/** IVs are constant: those of ciphers, and members of that name. */
const iv: Maker = (node, above, text) => {
  const zeros = (value: Node): string => `new Uint8Array((${textOf(value, text)}).length)`
  if (node.type === 'CallExpression' && calleeOf(node) === 'createCipheriv' && node.arguments[2]) {
    const value = node.arguments[2].expression
    return [fault('iv', value, zeros(value))]
  }
  if (node.type === 'KeyValueProperty' && node.key.value === 'iv')
    return [fault('iv', node.value, zeros(node.value))]
  if (node.type === 'Identifier' && node.value === 'iv' && above[0]?.node.type === 'ObjectExpression')
    return [fault('iv', node, `iv: ${zeros(node)}`)]
  return []
}

/** Methods that end a use of something: without them keys and timers remain. */
const endings = new Set([
  'fill',
  'release',
  'releaseAll',
  'zero',
  'wipe',
  'destroy',
  'close',
  'clearTimeout',
  'giveBack',
])

/** The code after `finally` does not run; nor does a call that cleans up. */
const cleanup: Maker = (node) => {
  if (node.type === 'TryStatement' && node.finalizer) return [fault('cleanup', node.finalizer, '{}')]
  if (isEnding(node)) return [fault('cleanup', node, ';')]
  return []
}

const isEnding = (node: Node): boolean =>
  node.type === 'ExpressionStatement' &&
  node.expression.type === 'CallExpression' &&
  endings.has(calleeOf(node.expression) ?? '')

/** Conditions are always or never true. */
const condition: Maker = (node) => {
  if (node.type === 'IfStatement' || node.type === 'ConditionalExpression')
    return [fault('condition', node.test, 'true'), fault('condition', node.test, 'false')]
  if (node.type === 'WhileStatement' || (node.type === 'ForStatement' && node.test))
    return [fault('condition', node.test, 'false')]
  // A unique symbol equals nothing.
  if (node.type === 'SwitchCase' && node.test) return [fault('condition', node.test, 'Symbol()')]
  return []
}

const swaps: Readonly<Record<string, readonly [kind: string, operator: string]>> = {
  '&&': ['logic', '||'],
  '||': ['logic', '&&'],
  '<': ['comparison', '<='],
  '<=': ['comparison', '<'],
  '>': ['comparison', '>='],
  '>=': ['comparison', '>'],
  '===': ['equality', '!=='],
  '!==': ['equality', '==='],
  '-': ['arithmetic', '+'],
  '*': ['arithmetic', '/'],
  '/': ['arithmetic', '*'],
  '%': ['arithmetic', '*'],
  '<<': ['arithmetic', '>>'],
  '>>': ['arithmetic', '<<'],
  '>>>': ['arithmetic', '<<'],
  '&': ['arithmetic', '|'],
  '|': ['arithmetic', '&'],
  '^': ['arithmetic', '&'],
}

/** Operators are exchanged. */
const operator: Maker = (node, _above, text) => {
  if (node.type !== 'BinaryExpression') return []
  const { left, right, operator: sign } = node
  if (sign === '??') return [fault('default', node, `(${textOf(right, text)})`)]
  const isSum = sign === '+' && [left, right].some(({ type }) => type === 'NumericLiteral')
  const swap = isSum ? (['arithmetic', '-'] as const) : Object.hasOwn(swaps, sign) ? swaps[sign] : undefined
  if (!swap) return []
  const [, from] = spanOf(left)
  const [to] = spanOf(right)
  const between = text(from, to)
  const at = from + Buffer.byteLength(between.slice(0, between.indexOf(sign)))
  return [{ kind: swap[0], start: at, end: at + sign.length, becomes: swap[1] }]
}

const assigned: Readonly<Record<string, string>> = {
  '+=': '-=',
  '-=': '+=',
  '??=': '=',
  '||=': '=',
  '|=': '=',
}

/** `!`, `-`, `+=` and `++` do something else. */
const unary: Maker = (node, above, text) => {
  if (node.type === 'UnaryExpression' && (node.operator === '!' || node.operator === '-'))
    return [fault(node.operator === '!' ? 'logic' : 'arithmetic', node, `(${textOf(node.argument, text)})`)]
  if (node.type === 'UpdateExpression' && above[0]?.node.type !== 'ForStatement') {
    const other = node.operator === '++' ? '--' : '++'
    const operand = textOf(node.argument, text)
    return [fault('arithmetic', node, node.prefix ? `${other}${operand}` : `${operand}${other}`)]
  }
  if (node.type === 'AssignmentExpression' && Object.hasOwn(assigned, node.operator)) {
    const [, from] = spanOf(node.left)
    const [to] = spanOf(node.right)
    return [{ kind: 'arithmetic', start: from, end: to, becomes: ` ${assigned[node.operator]} ` }]
  }
  return []
}

/** Whether a value is a default: of a parameter, of a member taken out of an object, or behind `??`. */
const isDefault = (above: Above): boolean => {
  const [up] = above
  return (
    (up?.node.type === 'AssignmentPattern' && up.member === 'right') ||
    (up?.node.type === 'AssignmentPatternProperty' && up.member === 'value') ||
    (up?.node.type === 'BinaryExpression' && up.node.operator === '??' && up.member === 'right')
  )
}

/** What a buffer is filled with: any byte removes what was there, and a missing call is a fault of its own. */
const isFilling = (node: Node, [up]: Above): boolean =>
  up?.node.type === 'CallExpression' &&
  calleeOf(up.node) === 'fill' &&
  up.node.arguments[0]?.expression === node

/** Numbers are off by one, booleans are inverted, and default texts are empty. */
const literal: Maker = (node, above) => {
  if (isFilling(node, above)) return []
  const kind = (otherwise: string) => (isDefault(above) ? 'default' : otherwise)
  if (node.type === 'NumericLiteral') return [fault(kind('number'), node, String(node.value + 1))]
  if (node.type === 'BooleanLiteral') return [fault(kind('boolean'), node, String(!node.value))]
  if (node.type === 'StringLiteral' && node.value !== '' && isDefault(above))
    return [fault('default', node, "''")]
  return []
}

/** Regular expressions match in the middle of a text. */
const pattern: Maker = (node) => {
  if (node.type !== 'RegExpLiteral') return []
  const without = (part: string) => fault('pattern', node, `/${part}/${node.flags}`)
  return [
    ...(node.pattern.startsWith('^') && node.pattern.length > 1 ? [without(node.pattern.slice(1))] : []),
    ...(/[^\\]\$$/.test(node.pattern) ? [without(node.pattern.slice(0, -1))] : []),
  ]
}

/** Statements are left out. */
const statement: Maker = (node, above) => {
  // Alone after an `if`, it equals a condition that never holds.
  const isAlone =
    above[0]?.node.type === 'IfStatement' && above[0].member === 'consequent' && !above[0].node.alternate
  const isOnlyOne =
    above[0]?.node.type === 'BlockStatement' &&
    above[0].node.stmts.length === 1 &&
    above[1]?.node.type === 'IfStatement' &&
    above[1].member === 'consequent' &&
    !above[1].node.alternate
  if (isAlone || isOnlyOne) return []
  if (node.type === 'ThrowStatement') return [fault('statement', node, ';')]
  if (node.type === 'ForOfStatement') return [fault('statement', node, ';')]
  if (node.type === 'ExpressionStatement' && node.expression.type !== 'StringLiteral' && !isEnding(node))
    return [fault('statement', node, ';')]
  return []
}

/** Functions return at once, with nothing. */
const early: Maker = (node, above) => {
  if (!isFunction(node) || node.type === 'Constructor') return []
  const body = bodyOf(node)!
  if (!isBlock(body)) {
    // Already an arrow that is passed as `() => undefined`.
    if (body.type === 'Identifier' && body.value === 'undefined') return []
    return [fault('early-return', body, 'undefined')]
  }
  // For a function with one statement, another kind does the same.
  if (body.stmts.length === 0) return []
  if (body.stmts.length === 1 && body.stmts[0].type === 'ExpressionStatement') return []
  if (above[0]?.node.type === 'GetterProperty') return []
  return [fault('early-return', body, '{}')]
}

/** A spread into an object, a list or a call is missing. */
const spread: Maker = (node) => {
  const without = (kind: Node, from: number, empty: string): Fault => {
    const [, end] = spanOf(kind)
    return { kind: 'spread', start: from, end, becomes: empty }
  }
  if (node.type === 'ObjectExpression')
    return node.properties.flatMap((part: Node) =>
      part.type === 'SpreadElement' ? [without(part.arguments, part.spread.start - 1, '...{}')] : [],
    )
  const list =
    node.type === 'ArrayExpression' ? node.elements : node.type === 'CallExpression' ? node.arguments : []
  return list.flatMap((part: any) =>
    part?.spread ? [without(part.expression, part.spread.start - 1, '...[]')] : [],
  )
}

/** Members that ciphers and tokens must not lack. */
const members = new Set([
  'authTagLength',
  'additionalData',
  'tagLength',
  'encryptionContext',
  'EncryptionContext',
])

const member: Maker = (node, above) => {
  const isMember =
    (node.type === 'KeyValueProperty' && members.has(node.key.value)) ||
    (node.type === 'Identifier' && members.has(node.value) && above[0]?.node.type === 'ObjectExpression')
  return isMember ? [fault('member', node, '...{}')] : []
}

/** Methods whose work is left out, and methods that do something else. */
const leftOut = new Set([
  'filter',
  'sort',
  'toSorted',
  'trim',
  'toLowerCase',
  'toUpperCase',
  'slice',
  'subarray',
])
const otherMethod: Readonly<Record<string, string>> = {
  some: 'every',
  every: 'some',
  min: 'max',
  max: 'min',
  startsWith: 'endsWith',
  endsWith: 'startsWith',
}

const method: Maker = (node, _above, text) => {
  if (node.type !== 'CallExpression' || node.callee.type !== 'MemberExpression') return []
  const name = calleeOf(node)
  if (name === undefined) return []
  if (leftOut.has(name)) return [fault('method', node, textOf(node.callee.object, text))]
  if (Object.hasOwn(otherMethod, name)) return [fault('method', node.callee.property, otherMethod[name]!)]
  return []
}

/** `?.` assumes that there is a value. */
const optional: Maker = (node, _above, text) => {
  if (node.type !== 'OptionalChainingExpression' || !node.optional) return []
  const [, from] = spanOf(node.base.object ?? node.base.callee)
  const [, end] = spanOf(node)
  const at = text(from, end).indexOf('?.')
  if (at === -1) return []
  const start = from + Buffer.byteLength(text(from, end).slice(0, at))
  const isMember = node.base.type === 'MemberExpression' && node.base.property.type !== 'Computed'
  return [{ kind: 'optional', start, end: start + 2, becomes: isMember ? '.' : '' }]
}

const makers: readonly Maker[] = [
  randomness,
  iv,
  cleanup,
  condition,
  operator,
  unary,
  literal,
  pattern,
  statement,
  early,
  spread,
  member,
  method,
  optional,
]

/** Texts of errors are for people: tests need not notice a fault in them. */
const isMessage = (above: Above): boolean =>
  above.some(
    ({ node, member }) =>
      node.type === 'KeyValueProperty' && member === 'value' && node.key.value === 'message',
  )

/** All mutants of a source file, in the order of their places. */
export const mutantsOf = (source: Source): readonly Mutant[] => {
  const text: TextOf = (start, end) => source.bytes.subarray(start, end).toString('utf8')
  const found: Mutant[] = []
  walk(parse(text(0, source.bytes.length)), (node, above) => {
    if (isMessage(above)) return
    for (const make of makers) for (const made of make(node, above, text)) found.push({ source, ...made })
  })
  const seen = new Set<string>()
  return found
    .filter(({ start, end, becomes }) => becomes !== text(start, end))
    .filter(({ start, end, becomes }) => {
      const id = `${start} ${end} ${becomes}`
      return !seen.has(id) && seen.add(id)
    })
    .sort((a, b) => a.start - b.start || a.end - b.end)
}
