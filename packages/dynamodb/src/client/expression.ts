/**
 * Finds the attributes that an expression of DynamoDB is about. It is no full parser: DynamoDB checks the grammar.
 * It has to be right about one thing, that no attribute is overlooked, so whatever does not fit is not understood.
 */
export type ExpressionKind = 'condition' | 'update'

/** What may follow an operand, beside operators. */
const keywords = {
  condition: new Set(['and', 'or', 'between', 'in']),
  update: new Set(['set', 'remove', 'add', 'delete']),
} as const

const functions = {
  condition: new Set([
    'attribute_exists',
    'attribute_not_exists',
    'attribute_type',
    'begins_with',
    'contains',
    'size',
  ]),
  update: new Set(['if_not_exists', 'list_append']),
} as const

const operators = new Set([',', '=', '<>', '<', '<=', '>', '>=', '+', '-'])
const token = /\s*([#:]?\w+|<>|<=|>=|[(),=<>+\-.[\]])/gy
const isName = (text: string | undefined): text is string => text !== undefined && /^#?\w/.test(text)

/**
 * Returns the top-level attributes that an expression names, placeholders resolved; `undefined` when it is not
 * understood.
 *
 * Where an operand is due, a word is an attribute, also one that is spelt like a keyword; behind an operand it can
 * only be a keyword. An update starts as if it were behind one.
 */
export const attributesIn = (
  kind: ExpressionKind,
  expression: string,
  placeholders: Readonly<Record<string, string>> | undefined,
): Set<string> | undefined => {
  const tokens = tokensOf(expression)
  if (tokens === undefined || tokens.length === 0) return undefined
  const found = new Set<string>()
  let operandIsDue = kind === 'condition'
  for (let at = 0; at < tokens.length; at++) {
    const text = tokens[at]!
    if (!operandIsDue) {
      if (operators.has(text) || keywords[kind].has(text.toLowerCase())) operandIsDue = true
      // `ADD path :value` and `DELETE path :value` have nothing between the two.
      else if (text !== ')' && !(kind === 'update' && text.startsWith(':'))) return undefined
    } else if (text.startsWith(':')) {
      operandIsDue = false
    } else if (isName(text)) {
      if (kind === 'condition' && text.toLowerCase() === 'not') continue
      if (tokens[at + 1] === '(') {
        if (!functions[kind].has(text)) return undefined
      } else {
        const name = nameOf(text, placeholders)
        const end = pathEnd(tokens, at)
        if (name === undefined || end === undefined) return undefined
        found.add(name)
        at = end
        operandIsDue = false
      }
    } else if (text !== '(') return undefined
  }
  return operandIsDue ? undefined : found
}

const tokensOf = (expression: unknown): string[] | undefined => {
  if (typeof expression !== 'string') return undefined
  const tokens: string[] = []
  const text = expression.trimEnd()
  token.lastIndex = 0
  for (let end = 0; end < text.length; end = token.lastIndex) {
    const found = token.exec(text)
    if (!found) return undefined
    tokens.push(found[1]!)
  }
  return tokens
}

const nameOf = (
  text: string,
  placeholders: Readonly<Record<string, string>> | undefined,
): string | undefined => {
  if (!text.startsWith('#')) return text
  const name = placeholders && Object.hasOwn(placeholders, text) ? placeholders[text] : undefined
  return typeof name === 'string' && name !== '' ? name : undefined
}

/** Where a path that starts here has its last token: `address.street` and `visits[0]` are about their first name. */
const pathEnd = (tokens: readonly string[], start: number): number | undefined => {
  let end = start
  for (;;) {
    if (tokens[end + 1] === '.') {
      if (!isName(tokens[end + 2])) return undefined
      end += 2
    } else if (tokens[end + 1] === '[') {
      if (!/^\d+$/.test(tokens[end + 2] ?? '') || tokens[end + 3] !== ']') return undefined
      end += 3
    } else return end
  }
}
