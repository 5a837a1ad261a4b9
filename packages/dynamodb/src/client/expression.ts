/**
 * Finds the attributes that an expression of DynamoDB names. This is not a full parser: DynamoDB checks the grammar.
 * No attribute may be overlooked, so an expression that does not fit is not understood.
 */
export type ExpressionKind = 'condition' | 'update'

/** The words that may follow an operand. */
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
 * Where an operand is expected, a word is an attribute, even one that is spelt like a keyword; after an operand it
 * can only be a keyword. An update starts as if after an operand.
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

const ofGrammar = new Set([
  'not',
  ...keywords.condition,
  ...keywords.update,
  ...functions.condition,
  ...functions.update,
])

/** The words of an expression that are no words of DynamoDB's: names of attributes and of members in them. */
export const wordsIn = (expression: string): readonly string[] =>
  (expression.match(/[^\s(),=<>+\-.[\]]+/g) ?? []).filter(
    (word) => !/^[#:]/.test(word) && !ofGrammar.has(word.toLowerCase()),
  )

/**
 * The attributes that a key condition compares for equality, with the placeholder of the value. Only comparisons that
 * are joined by `AND` count; a condition with `OR` or `NOT` has none.
 */
export const equalitiesIn = (
  expression: unknown,
  placeholders: Readonly<Record<string, string>> | undefined,
): ReadonlyMap<string, string> => {
  const found = new Map<string, string>()
  const tokens = tokensOf(expression) ?? []
  if (tokens.some((token) => /^(or|not)$/i.test(token))) return found
  const isEdge = (token: string | undefined): boolean => token === undefined || /^(and|[()])$/i.test(token)
  for (const [at, token] of tokens.entries()) {
    const left = tokens[at - 1]
    const value = tokens[at + 1]
    if (token !== '=' || !value?.startsWith(':') || !isName(left)) continue
    const name = nameOf(left, placeholders)
    if (name !== undefined && isEdge(tokens[at - 2]) && isEdge(tokens[at + 2])) found.set(name, value)
  }
  return found
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

/** The last token of a path that starts here. Of `address.street` and `visits[0]` only the first name counts. */
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
