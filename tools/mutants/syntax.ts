// The syntax tree of a source file, as far as mutants need it: nodes with byte offsets, and their ancestors.
import { parseSync } from '@swc/core'

/** A node, with whatever members its type has. */
export interface Node {
  readonly type: string
  readonly span: { readonly start: number; readonly end: number }
  readonly [member: string]: any
}

/** The ancestors of a node, nearest first, with the member of each that leads down. */
export type Above = readonly { readonly node: Node; readonly member: string }[]

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && typeof (value as Node).type === 'string'

/** Types leave nothing at run time. */
const ofTypes = new Set([
  'typeAnnotation',
  'typeParameters',
  'typeParams',
  'typeArguments',
  'superTypeParams',
  'returnType',
  'implements',
])

/** Expressions with a type beside them. */
const typed = new Set([
  'TsAsExpression',
  'TsConstAssertion',
  'TsNonNullExpression',
  'TsSatisfiesExpression',
  'TsTypeAssertion',
  'TsInstantiation',
])
const kept = new Set(['TsParameterProperty', 'TsExportAssignment'])

/** Parses TypeScript. The parser counts from 1, and the offsets here from 0. */
export const parse = (text: string): Node =>
  parseSync(text, { syntax: 'typescript', decorators: true, target: 'es2022' }) as unknown as Node

/** Where a node begins and ends, in bytes. */
export const spanOf = ({ span }: Node): readonly [start: number, end: number] => [
  span.start - 1,
  span.end - 1,
]

/** Visits all nodes that do something at run time. */
export const walk = (root: Node, visit: (node: Node, above: Above) => void): void => {
  const descend = (value: unknown, above: Above): void => {
    if (Array.isArray(value)) for (const element of value) descend(element, above)
    else if (isNode(value)) {
      if (value.type.startsWith('Ts') && !typed.has(value.type) && !kept.has(value.type)) return
      if (value.type === 'ImportDeclaration' || value.type.startsWith('ExportNamed')) return
      // Some nodes have no position.
      if (value.span) visit(value, above)
      for (const member of Object.keys(value))
        if (!ofTypes.has(member)) descend(value[member], [{ node: value, member }, ...above])
    } else if (typeof value === 'object' && value !== null)
      // Arguments and elements of arrays, `{ spread, expression }`, and the function of a method.
      for (const [member, part] of Object.entries(value))
        if (!ofTypes.has(member) && typeof part === 'object' && part !== null) descend(part, above)
  }
  descend(root, [])
}

const functions = new Set([
  'ArrowFunctionExpression',
  'FunctionExpression',
  'FunctionDeclaration',
  'ClassMethod',
  'PrivateMethod',
  'MethodProperty',
  'GetterProperty',
  'SetterProperty',
  'Constructor',
])

/** Whether a node is a function with a body of its own. */
export const isFunction = (node: Node): boolean => functions.has(node.type) && bodyOf(node) !== undefined

/** The body of a function: a block, or the expression behind an arrow. */
export const bodyOf = (node: Node): Node | undefined => {
  const body = node.type.endsWith('Method') ? node.function?.body : node.body
  return isNode(body) ? body : undefined
}

/** Whether a body is a block. */
export const isBlock = (body: Node): boolean => body.type === 'FunctionBody' || body.type === 'BlockStatement'

/** The name that is called: for `a.b(c)` it is `b`. */
export const calleeOf = (call: Node): string | undefined => {
  const { callee } = call
  if (callee?.type === 'Identifier') return callee.value
  if (callee?.type === 'MemberExpression' && callee.property.type === 'Identifier')
    return callee.property.value
  return undefined
}
