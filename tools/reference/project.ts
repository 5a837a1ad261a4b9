// The public import paths and what they export, as TypeDoc reads them.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import {
  Application,
  type DeclarationReflection,
  ReferenceReflection,
  type Reflection,
  ReflectionKind,
} from 'typedoc'

/** One name of an import path: a value, a type, or both under one name. */
export interface Export {
  readonly name: string
  readonly value?: DeclarationReflection
  readonly type?: DeclarationReflection
  /** Where it is documented, if that is another import path. */
  readonly original?: Reflection
}

export interface Entry {
  /** As users import it: `@glassine/keys/key-store`. */
  readonly from: string
  /** `keys`. */
  readonly folder: string
  /** `keys-key-store.md`. */
  readonly page: string
  readonly exports: readonly Export[]
}

interface Manifest {
  readonly name: string
  readonly exports: Readonly<Record<string, { readonly '@glassine/source'?: string }>>
}

const root = process.cwd()

/** Sources of the public import paths; those marked internal are left out. */
const sources = readdirSync('packages')
  .sort()
  .flatMap((folder) => {
    const { name, exports } = JSON.parse(
      readFileSync(path.join('packages', folder, 'package.json'), 'utf8'),
    ) as Manifest
    return Object.entries(exports).flatMap(([sub, { '@glassine/source': source }]) =>
      source === undefined || sub === './internal'
        ? []
        : [{ folder, from: name + sub.slice(1), source: path.join(root, 'packages', folder, source) }],
    )
  })

const valueKinds = ReflectionKind.Function | ReflectionKind.Variable | ReflectionKind.Class

/** A unique symbol of our types: it does not exist at run time. */
const isMark = ({ name, type }: DeclarationReflection): boolean =>
  ['unique symbol', `typeof ${name}`].includes(type?.toString() ?? '')

const exportsOf = (children: readonly DeclarationReflection[]): Export[] => {
  const found = new Map<string, Export>()
  for (const child of children) {
    if (isMark(child)) continue
    const one = found.get(child.name) ?? { name: child.name }
    if (child instanceof ReferenceReflection) {
      const original = child.getTargetReflectionDeep() as DeclarationReflection
      const part = original.kindOf(valueKinds) ? { value: original } : { type: original }
      found.set(child.name, { ...one, ...part, original })
    } else
      found.set(child.name, { ...one, ...(child.kindOf(valueKinds) ? { value: child } : { type: child }) })
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}

export const loadEntries = async (): Promise<readonly Entry[]> => {
  const app = await Application.bootstrap({
    entryPoints: sources.map(({ source }) => source),
    tsconfig: path.join(root, 'tools/reference/sources.json'),
    // The compiler of the repository checks the sources; TypeDoc's is older.
    skipErrorChecking: true,
    excludeInternal: true,
    excludePrivate: true,
    // Members that a type has from the SDK, from the browser or from JavaScript are documented there.
    excludeExternals: true,
    sort: ['source-order'],
    logLevel: 'Error',
  })
  const project = await app.convert()
  if (project === undefined) throw new Error('TypeDoc could not read the sources')
  return sources.map(({ folder, from, source }) => {
    const name = path
      .relative(path.join(root, 'packages'), source)
      .replaceAll(path.sep, '/')
      .replace(/(?:\/index)?\.ts$/, '')
    const module = project.children?.find((child) => child.name === name)
    if (module === undefined) throw new Error(`TypeDoc has no module ${name}`)
    const page = `${from.replace('@glassine/', '').replaceAll('/', '-')}.md`
    return { folder, from, page, exports: exportsOf(module.children ?? []) }
  })
}
