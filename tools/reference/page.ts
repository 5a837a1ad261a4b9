// A page of the reference: the values of an import path, each with its options, errors and example, then its types.
import {
  type DeclarationReflection,
  type Reflection,
  ReflectionKind,
  type SignatureReflection,
} from 'typedoc'
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

/** The signatures that users see: of a function, or of a class's constructor. */
const signaturesOf = (value: DeclarationReflection): readonly SignatureReflection[] =>
  value.kind === ReflectionKind.Class
    ? (value.children?.find(({ kind }) => kind === ReflectionKind.Constructor)?.signatures ?? [])
    : (value.signatures ?? [])

const commentOf = (of: DeclarationReflection) =>
  of.comment ??
  of.getSignature?.comment ??
  of.signatures?.find(({ comment }) => comment !== undefined)?.comment

const summaryOf = (of: DeclarationReflection, linkOf: LinkOf): string =>
  textOf(commentOf(of)?.summary ?? [], linkOf)

/** Members that exist only in types, or that every error of JavaScript has. */
const isNoise = ({ kind, name, flags, type, inheritedFrom }: DeclarationReflection): boolean =>
  kind === ReflectionKind.Constructor ||
  flags.isStatic ||
  /^[[~]/.test(name) ||
  type?.toString() === 'undefined' ||
  /^\w*Error\./.test(inheritedFrom?.name ?? '')

/** The members of an interface, of a class, or of an alias of an object; its own come first. */
const membersOf = (of: DeclarationReflection): readonly DeclarationReflection[] => {
  const all = of.children ?? (of.type?.type === 'reflection' ? of.type.declaration.children : undefined) ?? []
  const shown = all.filter((member) => !isNoise(member))
  const isOwn = ({ inheritedFrom }: DeclarationReflection): boolean => inheritedFrom === undefined
  return [...shown.filter(isOwn), ...shown.filter((member) => !isOwn(member))]
}

const areOptions = (of: DeclarationReflection): boolean =>
  /(?:Options|Overrides|Choice|Table)$/.test(of.name) && membersOf(of).some(({ flags }) => flags.isOptional)

/** The types of options that a value takes. */
const optionsOf = ({ value }: Export): ReadonlySet<DeclarationReflection> => {
  const types = signaturesOf(value!).flatMap(({ parameters = [] }) => parameters.map(({ type }) => type))
  const named = referencesIn(types).map(({ reflection }) => reflection as DeclarationReflection | undefined)
  return new Set(named.flatMap((of) => (of !== undefined && areOptions(of) ? [of] : [])))
}

interface Layout {
  readonly values: readonly Export[]
  /** Option types, which stand with the first value that takes them. */
  readonly options: ReadonlyMap<Export, readonly DeclarationReflection[]>
  readonly types: readonly Export[]
  readonly anchors: ReadonlyMap<Reflection, string>
}

const layouts = new WeakMap<Entry, Layout>()

const layoutOf = (entry: Entry): Layout => {
  const known = layouts.get(entry)
  if (known !== undefined) return known
  const own = entry.exports.filter(({ original }) => original === undefined)
  const values = own.filter(({ value }) => value !== undefined)
  const placed = new Set<DeclarationReflection>()
  const options = new Map<Export, DeclarationReflection[]>()
  for (const one of values) {
    const here = [...optionsOf(one)].filter(
      (type) => !placed.has(type) && own.some((other) => other.type === type),
    )
    for (const type of here) placed.add(type)
    options.set(one, here)
  }
  const types = own.filter(({ value, type }) => value === undefined && !placed.has(type!))

  // GitHub numbers the headings of a page that have one anchor.
  const counts = new Map<string, number>()
  const anchors = new Map<Reflection, string>()
  const add = (name: string, ...of: readonly (Reflection | undefined)[]): void => {
    const anchor = name.toLowerCase()
    const count = counts.get(anchor) ?? 0
    counts.set(anchor, count + 1)
    for (const one of of) if (one) anchors.set(one, count === 0 ? anchor : `${anchor}-${count}`)
  }
  for (const one of values) {
    add(one.name, one.value, one.type)
    for (const type of options.get(one)!) add(type.name, type)
  }
  if (types.length > 0) add('Types')
  for (const { name, type } of types) add(name, type)
  const layout = { values, options, types, anchors }
  layouts.set(entry, layout)
  return layout
}

const linkTo =
  (entries: readonly Entry[], from?: Entry): LinkOf =>
  (target) => {
    for (const entry of entries) {
      const { anchors } = layoutOf(entry)
      // A link to a member, or to a signature, leads to what has it.
      for (let at: Reflection | undefined = target; at !== undefined; at = at.parent) {
        const anchor = anchors.get(at)
        if (anchor !== undefined) return `${entry === from ? '' : entry.page}#${anchor}`
      }
    }
    return undefined
  }

const typeCell = ({ signatures, getSignature, type }: DeclarationReflection): string =>
  `\`${cell(signatures ? functionText(signatures[0]!) : typeText(getSignature?.type ?? type))}\``

/** The documented members of an option that is an object: rows of their own, such as `session.maxAge`. */
const nestedIn = ({ type }: DeclarationReflection): readonly DeclarationReflection[] =>
  type?.type === 'reflection'
    ? (type.declaration.children ?? []).filter(({ comment }) => comment !== undefined)
    : []

const memberTable = (of: DeclarationReflection, linkOf: LinkOf): string => {
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
  const members = membersOf(of)
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

const typeSection = (type: DeclarationReflection, linkOf: LinkOf): string[] => [
  summaryOf(type, linkOf),
  membersOf(type).length > 0 ? memberTable(type, linkOf) : code(aliasText(type)),
  ...tagsOf(commentOf(type), '@example', linkOf),
]

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
  const types = [value.type, ...signaturesOf(value).flatMap(typesOf)]
  const links = referencesIn(types).flatMap(({ name, reflection }) => {
    if (
      reflection === undefined ||
      reflection.kind === ReflectionKind.TypeParameter ||
      below.includes(reflection as DeclarationReflection)
    )
      return []
    const link = linkOf(reflection)
    return link === undefined ? [] : [`[\`${name}\`](${link})`]
  })
  return links.length === 0 ? '' : `Types: ${[...new Set(links)].join(', ')}`
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
    value!.kind === ReflectionKind.Class ? memberTable(value!, linkOf) : '',
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
    ...types.flatMap(({ name, type }) => [`### ${name}`, ...typeSection(type!, linkOf)]),
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
