// Docstrings, types and signatures as text.
import { type Comment, type CommentDisplayPart, type ParameterReflection, Reflection } from 'typedoc'

/** The link of a documented name, or undefined where the reference does not show it. */
export type LinkOf = (target: Reflection) => string | undefined

export const textOf = (parts: readonly CommentDisplayPart[], linkOf: LinkOf): string =>
  parts
    .map((part) => {
      if (part.kind !== 'inline-tag') return part.text
      const link = part.target instanceof Reflection ? linkOf(part.target) : undefined
      return link === undefined ? `\`${part.text}\`` : `[\`${part.text}\`](${link})`
    })
    .join('')
    .trim()

/** The text of the block tags of one name, such as `@throws`. */
export const tagsOf = (comment: Comment | undefined, tag: `@${string}`, linkOf: LinkOf): string[] =>
  comment?.getTags(tag).map(({ content }) => textOf(content, linkOf)) ?? []

/** One line that a table's cell can hold. */
export const cell = (text: string): string => text.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|').trim()

const defaultPattern = /(?:^|(?<=[.:;] ))[Dd]efault:? ((?:`[^`]*`|[^`.;]|[.;](?! |$))+)(?:\.(?: |$)|; |$)/
const marked = /(`[^`]+`) \(default\)/

/** Takes the default out of a description that says it in a sentence, or beside one of the values. */
export const withoutDefault = (text: string): readonly [rest: string, byDefault: string] => {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  const [mark, value] = marked.exec(line) ?? []
  if (mark !== undefined) return [line.replace(mark, value!), value!]
  const found = defaultPattern.exec(line)
  if (found === null) return [line, '']
  const before = line.slice(0, found.index).trim().replace(/;$/, '.')
  const after = line.slice(found.index + found[0].length).trim()
  return [`${before} ${after.replace(/^[a-z]/, (first) => first.toUpperCase())}`.trim(), found[1]!.trim()]
}

/** The first sentence of a text. */
export const firstSentence = (text: string): string =>
  /^.*?[.:](?=\s|$)/s.exec(text.split('\n\n')[0]!)?.[0].replace(/:$/, '.') ?? text.split('\n\n')[0]!

/** A destructured parameter has no name of its own. */
export const nameOf = ({ name }: ParameterReflection): string => (name.startsWith('__') ? 'options' : name)
