/** Texts of policies: wildcards, and variables such as `${aws:PrincipalTag/tenant}`. */
import { isConditionKey, type PolicyRequest } from './request.ts'

/** `${name}` and `${name, 'otherwise'}`; `${*}`, `${?}` and `${$}` are characters. */
const variable = /\$\{([*?$]|[^},]+)(?:,\s*'([^']*)')?\}/g

/** Whether all variables of a text are complete, and have names that the local KMS knows. */
export const hasKnownVariables = (text: string): boolean =>
  Array.from(text.matchAll(variable)).every(([, name]) => name!.length === 1 || isConditionKey(name!)) &&
  !text.replaceAll(variable, '').includes('${')

/** The text between variables, and the values of variables, in turn; `undefined` if the request lacks one. */
const parts = (text: string, request: PolicyRequest): readonly string[] | undefined => {
  const result: string[] = []
  let end = 0
  for (const { 0: part, 1: name, 2: otherwise, index } of text.matchAll(variable)) {
    const values = name!.length === 1 ? [name!] : (request.values.get(name!.toLowerCase()) ?? [otherwise])
    if (values.length !== 1 || values[0] === undefined) return undefined
    result.push(text.slice(end, index), values[0])
    end = index + part.length
  }
  return [...result, text.slice(end)]
}

/** A text with the values of its variables. */
export const filledIn = (text: string, request: PolicyRequest): string | undefined =>
  parts(text, request)?.join('')

const [anyText, anyOne] = [Symbol('*'), Symbol('?')]
type Token = string | typeof anyText | typeof anyOne

const tokensIn = (text: string, at: number): readonly Token[] =>
  // Every other part is what a variable stands for, which is taken as it is.
  Array.from(text, (one) => (at % 2 === 1 ? one : one === '*' ? anyText : one === '?' ? anyOne : one))

/** Whether a text matches a pattern with `*` and `?`. */
export const isLike = (value: string, pattern: string, request: PolicyRequest): boolean => {
  const tokens = parts(pattern, request)?.flatMap(tokensIn)
  return tokens !== undefined && matches([...value], tokens)
}

/** The same without variables. */
export const isLikePlain = (value: string, pattern: string): boolean =>
  matches([...value], tokensIn(pattern, 0))

/** Only the last star is ever extended, so that many stars cost no more than one: no regular expression does that. */
const matches = (characters: readonly string[], tokens: readonly Token[]): boolean => {
  let [at, token, star, resume] = [0, 0, -1, 0]
  while (at < characters.length) {
    if (tokens[token] === anyText) [star, resume] = [token++, at]
    else if (token < tokens.length && (tokens[token] === anyOne || tokens[token] === characters[at])) {
      token++
      at++
    } else if (star === -1) return false
    else [token, at] = [star + 1, ++resume]
  }
  return tokens.slice(token).every((rest) => rest === anyText)
}
