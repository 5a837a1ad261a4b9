// What lies where: sources, suites, and which packages stand above which.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { Source } from './mutant.ts'

/** A suite of tests: one file. */
export interface Suite {
  /** From the root of the repository. */
  readonly file: string
  /** The workspace that it is in, as a folder. */
  readonly workspace: string
  /** Changes when the suite does, or what its workspace's tests share. */
  readonly hash: string
}

export interface Repository {
  readonly root: string
  readonly sources: readonly Source[]
  readonly suites: readonly Suite[]
  /** Changes when a source does, or what all tests share. */
  readonly hash: string
  /** Whether a workspace's sources or tests use a package, directly or not. */
  uses(workspace: string, packageName: string): boolean
}

const filesIn = (root: string, folder: string): string[] =>
  existsSync(path.join(root, folder))
    ? readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
        .filter((file) => !/(?:^|\/)(?:node_modules|dist|\.[^/]*)\//.test(file))
        .sort()
    : []

const foldersIn = (root: string, folder: string): string[] =>
  existsSync(path.join(root, folder))
    ? readdirSync(path.join(root, folder), { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => `${folder}/${entry.name}`)
    : []

/** Suites that start a browser or a compiler take too long, and run code that the fault is not in. */
const startsOther = /chromium|@glassine\/browser|support\/compilers/i

const isSuite = (file: string): boolean => file.endsWith('.test.ts')

/** Reads a repository of workspaces: `packages/*`, `examples/*` and `tools/*`. */
export const repositoryAt = (root: string): Repository => {
  const read = (file: string): Buffer => readFileSync(path.join(root, file))
  const hashOf = (files: readonly string[]): string => {
    const hash = createHash('sha256')
    for (const file of files) hash.update(`${file}\0`).update(read(file))
    return hash.digest('hex')
  }
  const packages = foldersIn(root, 'packages')
  const workspaces = [...packages, ...foldersIn(root, 'examples'), ...foldersIn(root, 'tools')]
  const sources = packages.flatMap((folder) =>
    filesIn(root, `${folder}/src`)
      .filter((file) => file.endsWith('.ts'))
      .map((file) => ({ package: path.basename(folder), file, bytes: read(file) })),
  )
  const suites = workspaces.flatMap((workspace) => {
    const tests = filesIn(root, `${workspace}/test`)
    const shared = hashOf(tests.filter((file) => !isSuite(file)))
    return tests
      .filter((file) => isSuite(file) && !startsOther.test(read(file).toString('utf8')))
      .map((file) => ({ file, workspace, hash: hashOf([file]) + shared }))
  })

  const nameOf = (workspace: string): string | undefined => {
    const manifest = path.join(root, workspace, 'package.json')
    return existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')).name : undefined
  }
  const named = new Map(workspaces.map((workspace) => [nameOf(workspace), workspace]))
  const used = new Map<string, ReadonlySet<string>>()
  const usedBy = (workspace: string): ReadonlySet<string> => {
    const known = used.get(workspace)
    if (known) return known
    const found = new Set<string>()
    used.set(workspace, found)
    for (const file of filesIn(root, workspace).filter((name) => name.endsWith('.ts')))
      for (const [, name] of read(file)
        .toString('utf8')
        .matchAll(/'(@?[\w.-]+(?:\/[\w.-]+)?)(?:\/[^']*)?'/g)) {
        const other = named.get(name!)
        if (other === undefined || other === workspace || found.has(other)) continue
        found.add(other)
        for (const further of usedBy(other)) found.add(further)
      }
    return found
  }
  return {
    root,
    sources,
    suites,
    hash: hashOf([
      ...sources.map(({ file }) => file),
      ...workspaces
        .filter((folder) => folder.startsWith('tools/'))
        .flatMap((folder) => filesIn(root, folder)),
      ...['package-lock.json', 'jest.config.ts'].filter((file) => existsSync(path.join(root, file))),
    ]),
    uses: (workspace, packageName) => usedBy(workspace).has(`packages/${packageName}`),
  }
}
