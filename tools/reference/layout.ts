// What a page shows, in which order, and where links lead.
import {
  type DeclarationReflection,
  type Reflection,
  ReflectionKind,
  type SignatureReflection,
} from 'typedoc'
import type { Entry, Export } from './project.ts'
import type { LinkOf } from './text.ts'
import { referencesIn } from './types.ts'

/** The signatures that users see: of a function, or of a class's constructor. */
export const signaturesOf = (value: DeclarationReflection): readonly SignatureReflection[] =>
  value.kind === ReflectionKind.Class
    ? (value.children?.find(({ kind }) => kind === ReflectionKind.Constructor)?.signatures ?? [])
    : (value.signatures ?? [])

/** Members that exist only in types, or that every error of JavaScript has. */
const isNoise = ({ kind, name, flags, type, inheritedFrom }: DeclarationReflection): boolean =>
  kind === ReflectionKind.Constructor ||
  flags.isStatic ||
  /^[[~]/.test(name) ||
  type?.toString() === 'undefined' ||
  /^\w*Error\./.test(inheritedFrom?.name ?? '')

export const isOwn = ({ inheritedFrom }: DeclarationReflection): boolean => inheritedFrom === undefined

/** The members of an interface, of a class, or of an alias of an object; its own come first. */
export const membersOf = (of: DeclarationReflection): readonly DeclarationReflection[] => {
  const all = of.children ?? (of.type?.type === 'reflection' ? of.type.declaration.children : undefined) ?? []
  const shown = all.filter((member) => !isNoise(member))
  return [...shown.filter(isOwn), ...shown.filter((member) => !isOwn(member))]
}

export const areOptions = (of: DeclarationReflection): boolean =>
  of.name.endsWith('Options') ||
  (/(?:Overrides|Choice|Table)$/.test(of.name) && membersOf(of).some(({ flags }) => flags.isOptional))

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

export const layoutOf = (entry: Entry): Layout => {
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

export const linkTo =
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
