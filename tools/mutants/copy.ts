// A copy of the repository in a temporary folder, into which faults are put. The working tree is only read.
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** What a copy leaves out: installed packages, builds and caches. */
const left = new Set(['node_modules', 'dist', '.git', '.jest', '.turbo', '.artifacts', 'coverage'])

/** The folder of dependencies that a repository uses: its own, or that of a repository around it. */
const dependenciesOf = (root: string): string => {
  for (let folder = root; ; folder = path.dirname(folder)) {
    const found = path.join(folder, 'node_modules')
    if (existsSync(found)) return found
    if (path.dirname(folder) === folder) throw new Error(`no node_modules in ${root} or above`)
  }
}

/** Links dependencies; links between workspaces lead into the copy, where that has the workspace. */
const link = (from: string, to: string): void => {
  mkdirSync(to)
  for (const name of readdirSync(from)) {
    const [source, target] = [path.join(from, name), path.join(to, name)]
    if (name.startsWith('.cache')) continue
    if (lstatSync(source).isSymbolicLink()) {
      const there = readlinkSync(source)
      symlinkSync(existsSync(path.resolve(to, there)) ? there : path.resolve(from, there), target)
    } else if (
      name.startsWith('@') &&
      readdirSync(source).some((child) => lstatSync(path.join(source, child)).isSymbolicLink())
    )
      link(source, target)
    else symlinkSync(source, target)
  }
}

export interface Copies {
  readonly roots: readonly string[]
  remove(): void
}

/** Creates this many copies, with the reference data from beside the repository beside them. */
export const copiesOf = (root: string, count: number): Copies => {
  const folder = mkdtempSync(path.join(tmpdir(), 'glassine-mutants-'))
  const beside = path.join(root, '..', 'shared')
  if (existsSync(beside)) symlinkSync(path.resolve(beside), path.join(folder, 'shared'))
  const roots = Array.from({ length: count }, (_, at) => {
    const copy = path.join(folder, `copy-${at + 1}`)
    cpSync(root, copy, { recursive: true, filter: (file) => !left.has(path.basename(file)) })
    link(dependenciesOf(root), path.join(copy, 'node_modules'))
    return copy
  })
  return { roots, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/** Writes a file of a copy. */
export const write = (copy: string, file: string, bytes: Buffer): void =>
  writeFileSync(path.join(copy, file), bytes)
