// A page of the reference: the values of an import path, each with its options, errors and example, then its types.
import { type DeclarationReflection, type ReferenceType, ReflectionKind } from 'typedoc'
import { areOptions, isOwn, layoutOf, linkTo, membersOf, signaturesOf } from './layout.ts'
import type { Entry, Export } from './project.ts'
import { cell, firstSentence, type LinkOf, nameOf, tagsOf, textOf, withoutDefault } from './text.ts'
import {
  aliasText,
  constantText,
  functionText,
  referencesIn,
  signatureText,
  typesOf,
  typeText,
} from './types.ts'

const code = (text: string): string => `\`\`\`ts\n${text}\n\`\`\``

const commentOf = (of: DeclarationReflection) =>
  of.comment ??
  of.getSignature?.comment ??
  of.signatures?.find(({ comment }) => comment !== undefined)?.comment

const summaryOf = (of: DeclarationReflection, linkOf: LinkOf): string =>
  textOf(commentOf(of)?.summary ?? [], linkOf)

const typeCell = ({ signatures, getSignature, type }: DeclarationReflection): string =>
  `\`${cell(signatures ? functionText(signatures[0]!) : typeText(getSignature?.type ?? type))}\``

/** The documented members of an option that is an object: rows of their own, such as `session.maxAge`. */
const nestedIn = ({ type }: DeclarationReflection): readonly DeclarationReflection[] =>
  type?.type === 'reflection'
    ? (type.declaration.children ?? []).filter(({ comment }) => comment !== undefined)
    : []

const memberTable = (
  of: DeclarationReflection,
  members: readonly DeclarationReflection[],
  linkOf: LinkOf,
): string => {
  const hasDefaults = areOptions(of)
  const row = (member: DeclarationReflection, holder = ''): string => {
    const throws = tagsOf(commentOf(member), '@throws', linkOf).map((one) => `Throws ${one}.`)
    const text = summaryOf(member, linkOf)
    const [rest, byDefault] = hasDefaults ? withoutDefault(text) : [text, '']
    const { isOptional } = member.flags
    const name = `\`${holder}${member.name}${isOptional && !hasDefaults ? '?' : ''}\``
    const given = hasDefaults ? [isOptional ? cell(byDefault) : 'required'] : []
    const cells = [name, typeCell(member), ...given, cell([rest, ...throws].join(' '))]
    return `| ${cells.join(' | ')} |`
  }
  const lines = members.flatMap((member) => [
    row(member),
    ...nestedIn(member).map((nested) => row(nested, `${member.name}.`)),
  ])
  const head = hasDefaults
    ? '| option | type | default | |\n|---|---|---|---|'
    : '| member | type | |\n|---|---|---|'
  const examples = members.flatMap((member) =>
    tagsOf(commentOf(member), '@example', linkOf).map((example) => `\`${member.name}\`:\n\n${example}`),
  )
  return [[head, ...lines].join('\n'), ...examples].join('\n\n')
}

/** Links to documented types, each once. */
const linksTo = (types: readonly (ReferenceType | undefined)[], linkOf: LinkOf): string => {
  const links = types.flatMap((type) => {
    if (type?.reflection === undefined || type.reflection.kind === ReflectionKind.TypeParameter) return []
    const link = linkOf(type.reflection)
    return link === undefined ? [] : [`[\`${type.name}\`](${link})`]
  })
  return [...new Set(links)].join(', ')
}

const typeSection = (type: DeclarationReflection, linkOf: LinkOf, isPart = false): string[] => {
  const examples = tagsOf(commentOf(type), '@example', linkOf)
  const extended = referencesIn(type.extendedBy ?? [])
  // No value takes these alone: they are parts of other options.
  if (isPart && areOptions(type) && linksTo(extended, linkOf) !== '')
    return [
      summaryOf(type, linkOf),
      `Its members are in the tables of ${linksTo(extended, linkOf)}.`,
      ...examples,
    ]
  const members = membersOf(type)
  if (members.length === 0) return [summaryOf(type, linkOf), code(aliasText(type)), ...examples]
  // Options are complete; what else an interface inherits is with the one that has it.
  const inherited = areOptions(type) ? '' : linksTo(referencesIn(type.extendedTypes ?? []), linkOf)
  const shown = inherited === '' ? members : members.filter(isOwn)
  const also =
    inherited === '' ? '' : `${shown.length === 0 ? 'Has' : 'Also has'} the members of ${inherited}.`
  return [
    summaryOf(type, linkOf),
    shown.length === 0 ? '' : memberTable(type, shown, linkOf),
    also,
    ...examples,
  ]
}

const parameterLines = (value: DeclarationReflection, linkOf: LinkOf): string =>
  signaturesOf(value)
    .flatMap(({ parameters = [] }) => parameters)
    .flatMap((parameter) => {
      const text = textOf(parameter.comment?.summary ?? [], linkOf)
      return text === '' ? [] : [`- \`${nameOf(parameter)}\`: ${cell(text.replace(/^- /, ''))}`]
    })
    .filter((line, at, all) => all.indexOf(line) === at)
    .join('\n')

const valueText = (value: DeclarationReflection): string => {
  if (value.kind === ReflectionKind.Variable) return constantText(value)
  const name = value.kind === ReflectionKind.Class ? `new ${value.name}` : value.name
  return signaturesOf(value)
    .map((signature) => signatureText(name, signature))
    .join('\n')
}

/** Links to the types of a value's signature, but those that follow it. */
const typeLinks = (
  value: DeclarationReflection,
  below: readonly DeclarationReflection[],
  linkOf: LinkOf,
): string => {
  const types = referencesIn([value.type, ...signaturesOf(value).flatMap(typesOf)])
  const shown = new Set<unknown>([value, ...below])
  const links = linksTo(
    types.filter(({ reflection }) => !shown.has(reflection)),
    linkOf,
  )
  return links === '' ? '' : `Types: ${links}`
}

const valueSection = (
  { name, value, type }: Export,
  options: readonly DeclarationReflection[],
  linkOf: LinkOf,
): string[] => {
  const comment = commentOf(value!)
  const throws = tagsOf(comment, '@throws', linkOf)
  const returns = tagsOf(comment, '@returns', linkOf)
  return [
    `## ${name}`,
    summaryOf(value!, linkOf),
    code(valueText(value!)),
    typeLinks(value!, options, linkOf),
    parameterLines(value!, linkOf),
    ...returns.map((text) => `**Returns** ${text.replaceAll(/\n +/g, '\n')}`),
    ...throws.map((text) => `**Throws** ${text.replaceAll(/\n +/g, '\n')}`),
    ...tagsOf(comment, '@example', linkOf),
    value!.kind === ReflectionKind.Class ? memberTable(value!, membersOf(value!), linkOf) : '',
    ...(type === undefined ? [] : [`As a type: ${summaryOf(type, linkOf)}`, code(aliasText(type))]),
    ...options.flatMap((one) => [`### ${one.name}`, ...typeSection(one, linkOf)]),
  ]
}

const joined = (parts: readonly string[]): string => `${parts.filter((part) => part !== '').join('\n\n')}\n`

const contentsLine = (value: DeclarationReflection, linkOf: LinkOf): string =>
  cell(firstSentence(summaryOf(value, linkOf)))

export const pageOf = (entry: Entry, entries: readonly Entry[]): string => {
  const linkOf = linkTo(entries, entry)
  const { values, options, types, anchors } = layoutOf(entry)
  const elsewhere = entry.exports.filter(({ original }) => original !== undefined)
  const contents = values.map(
    ({ name, value }) => `| [\`${name}\`](#${anchors.get(value!)}) | ${contentsLine(value!, linkOf)} |`,
  )
  return joined([
    `# ${entry.from}`,
    `Written by \`npm run reference\` from the docstrings. [Guide and tables of this package](../../packages/${entry.folder}/README.md), [all import paths](README.md), [codes of errors](../troubleshooting.md).`,
    ['| | |', '|---|---|', ...contents].join('\n'),
    elsewhere.length === 0
      ? ''
      : `Also exported from here: ${elsewhere.map(({ name, original }) => `[\`${name}\`](${linkOf(original!)})`).join(', ')}.`,
    ...values.flatMap((one) => valueSection(one, options.get(one)!, linkOf)),
    ...(types.length === 0 ? [] : ['## Types']),
    ...types.flatMap(({ name, type }) => [`### ${name}`, ...typeSection(type!, linkOf, true)]),
  ])
}

export const indexPage = (entries: readonly Entry[]): string => {
  const linkOf = linkTo(entries)
  return joined([
    '# API reference',
    'Every public import path: signatures, options with their defaults, errors, examples. Written by `npm run reference` from the docstrings that an editor shows. The README of each package says how its parts work together, and [Troubleshooting](../troubleshooting.md) has the codes of errors.',
    ...entries.flatMap((entry) => [
      `## [${entry.from}](${entry.page})`,
      entry.exports
        .filter(({ value }) => value !== undefined)
        .map(({ name, value }) => `- [\`${name}\`](${linkOf(value!)}): ${contentsLine(value!, linkOf)}`)
        .join('\n'),
    ]),
  ])
}
