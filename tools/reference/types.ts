// Types and signatures as text.
import {
  type DeclarationReflection,
  type ReferenceType,
  ReflectionKind,
  ReflectionType,
  type SignatureReflection,
  type SomeType,
} from 'typedoc'
import { nameOf } from './text.ts'

const width = 100

/** The codes of errors have a name, which the compiler does not tell. */
const codes = /(?:"ERR_\w+" \| ){9,}"ERR_\w+"/g

/** The compiler's order of texts in a union changes with what it has read before. */
const literals = /'[\w-]+'(?: \| '[\w-]+')+/g

export const typeText = (type: SomeType | undefined): string =>
  (type?.toString() ?? 'unknown')
    .replaceAll(codes, 'ErrorCode')
    .replaceAll(/<ArrayBuffer(?:Like)?>/g, '')
    .replaceAll('"', "'")
    .replaceAll(literals, (union) => union.split(' | ').sort().join(' | '))

const parametersOf = (signature: SignatureReflection): string[] =>
  (signature.parameters ?? [])
    .filter(({ name }) => name !== 'this')
    .map((parameter) => {
      const rest = parameter.flags.isRest ? '...' : ''
      const optional = parameter.flags.isOptional || parameter.defaultValue !== undefined ? '?' : ''
      return `${rest}${nameOf(parameter)}${optional}: ${typeText(parameter.type)}`
    })

/** A function type, or that of a constructor. */
export const functionText = (signature: SignatureReflection): string => {
  const head = signature.kind === ReflectionKind.ConstructorSignature ? 'new ' : ''
  return `${head}${genericsOf(signature)}(${parametersOf(signature).join(', ')}) => ${typeText(signature.type)}`
}

// TypeDoc prints a constructor as a function, and a list of arguments as one argument. The method is protected there.
const printer = ReflectionType.prototype as unknown as { getTypeString(this: ReflectionType): string }
const plainTypeString = printer.getTypeString
printer.getTypeString = function () {
  const { signatures = [], children, indexSignatures } = this.declaration
  return signatures.length === 1 && !children && !indexSignatures
    ? functionText(signatures[0]!)
    : plainTypeString.call(this)
}

const genericsOf = (of: SignatureReflection | DeclarationReflection): string => {
  const all = (of.typeParameters ?? []).map(
    ({ name, type, default: byDefault }) =>
      `${name}${type ? ` extends ${typeText(type)}` : ''}${byDefault ? ` = ${typeText(byDefault)}` : ''}`,
  )
  return all.length === 0 ? '' : `<${all.join(', ')}>`
}

export const signatureText = (name: string, signature: SignatureReflection): string => {
  const parameters = parametersOf(signature)
  const head = `${name}${genericsOf(signature)}`
  const end = `: ${typeText(signature.type)}`
  const line = `${head}(${parameters.join(', ')})${end}`
  return line.length <= width ? line : `${head}(\n${parameters.map((one) => `  ${one},\n`).join('')})${end}`
}

/** All references to named types in these types. */
export const referencesIn = (types: readonly (SomeType | undefined)[]): ReferenceType[] => {
  const found: ReferenceType[] = []
  const seen = new Set<unknown>()
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || seen.has(value)) return
    seen.add(value)
    const { type, declaration } = value as Partial<Record<string, any>>
    if (type === 'reference') found.push(value as ReferenceType)
    if (declaration !== undefined)
      for (const { type: own, signatures = [] } of [declaration, ...(declaration.children ?? [])])
        for (const one of [own, ...signatures.flatMap(typesOf)]) walk(one)
    for (const part of ['types', 'typeArguments', 'elementType', 'elements', 'element', 'target'])
      for (const one of [(value as Record<string, unknown>)[part]].flat())
        if (part !== 'target' || type === 'typeOperator') walk(one)
  }
  for (const type of types) walk(type)
  return found
}

/** The types of a signature's parameters and of its result. */
export const typesOf = ({ parameters = [], type }: SignatureReflection): (SomeType | undefined)[] => [
  ...parameters.map((parameter) => parameter.type),
  type,
]

/** Types that compute: their text is for compilers. */
const isForCompilers = ({ name, type }: DeclarationReflection): boolean =>
  type === undefined ||
  ['conditional', 'mapped'].includes(type.type) ||
  name.endsWith('Decorator') ||
  /\b(?:typeof|keyof|extends)\b/.test(type.toString())

export const aliasText = (of: DeclarationReflection): string => {
  const head = `${of.kind === ReflectionKind.Interface ? 'interface' : 'type'} ${of.name}${genericsOf(of)}`
  const [signature] = of.signatures ?? []
  if (signature) return `type ${of.name} = ${functionText(signature)}`
  if (of.type === undefined || isForCompilers(of)) return head
  const line = `${head} = ${typeText(of.type)}`
  return of.type.type === 'union' && line.length > width
    ? `${head} =${of.type.types.map((one) => `\n  | ${typeText(one)}`).join('')}`
    : line
}

/** The text of a constant. */
export const constantText = ({ name, type }: DeclarationReflection): string => {
  const line = `const ${name}: ${typeText(type)}`
  if (line.length <= width || type?.type !== 'reflection') return line
  const members = (type.declaration.children ?? []).map(
    (member) =>
      `  ${member.name}: ${member.signatures ? functionText(member.signatures[0]!) : typeText(member.type)}\n`,
  )
  return `const ${name}: {\n${members.join('')}}`
}
