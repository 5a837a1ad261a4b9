// The layout of the repository: sources, suites, and which packages depend on which.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { Source } from './mutant.ts'

/** A suite of tests: one file. */
export interface Suite {
  /** From the root of the repository. */
  readonly file: string
  /** The folder of its workspace. */
  readonly workspace: string
  /** Changes when the suite, its workspace's shared test code, or a source used by these changes. */
  readonly hash: string
}

export interface Repository {
  readonly root: string
  readonly sources: readonly Source[]
  readonly suites: readonly Suite[]
  /** Changes with what all tests share. */
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

/** Suites that start a browser, a compiler or a built package run code that does not contain the fault. */
const startsOther =
  /from '(?:@glassine\/browser|[./\w-]*\/support\/(?:chromium|compilers)\.ts)'|tools\/ts\.mjs/

/** The tests of the whole: those that start other programs, or the benchmark's, reach nothing that has the fault. */
const whole = 'test'
const startsProgram = /from '(?:node:child_process|\.\.\/bench\/flood\.ts)'/

/** Which mutants there are changes nothing of what suites do without one. */
const ownLists = /mutants\/(?:catalogue|equivalent|kinds|choose|report)\.ts$/

const textHash = (text: string): string => createHash('sha256').update(text).digest('hex')

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
  const workspaces = [...packages, ...foldersIn(root, 'examples'), ...foldersIn(root, 'tools'), whole]
  const sources = packages.flatMap((folder) =>
    filesIn(root, `${folder}/src`)
      .filter((file) => file.endsWith('.ts'))
      .map((file) => ({ package: path.basename(folder), file, bytes: read(file) })),
  )
  const nameOf = (workspace: string): string | undefined => {
    const manifest = path.join(root, workspace, 'package.json')
    return existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')).name : undefined
  }
  const named = new Map(workspaces.map((workspace) => [nameOf(workspace), workspace]))
  /** The workspaces that a workspace's sources or tests name. */
  const namedIn = (workspace: string): readonly string[] =>
    filesIn(root, workspace)
      .filter((name) => name.endsWith('.ts'))
      .flatMap((file) => [
        ...read(file)
          .toString('utf8')
          .matchAll(/'(@?[\w.-]+(?:\/[\w.-]+)?)(?:\/[^']*)?'/g),
      ])
      .flatMap(([, name]) => named.get(name) ?? [])
  const direct = new Map(workspaces.map((workspace) => [workspace, new Set(namedIn(workspace))]))
  const used = new Map(
    workspaces.map((workspace) => {
      const found = new Set([workspace])
      for (const each of found) for (const further of direct.get(each)!) found.add(further)
      return [workspace, found]
    }),
  )

  const hashes = new Map(packages.map((folder) => [folder, hashOf(filesIn(root, `${folder}/src`))]))
  const suites = workspaces.flatMap((workspace) => {
    const tests =
      workspace === whole
        ? filesIn(root, whole).filter((file) => !file.startsWith(`${whole}/fixtures/`))
        : filesIn(root, `${workspace}/test`)
    const sourcesUsed = [...used.get(workspace)!].sort().map((folder) => hashes.get(folder))
    const shared = hashOf(tests.filter((file) => !isSuite(file))) + sourcesUsed.join('')
    return tests
      .filter((file) => {
        if (!isSuite(file)) return false
        const text = read(file).toString('utf8')
        return !startsOther.test(text) && !(workspace === whole && startsProgram.test(text))
      })
      .map((file) => ({ file, workspace, hash: textHash(hashOf([file]) + shared) }))
  })

  return {
    root,
    sources,
    suites,
    hash: hashOf([
      ...workspaces
        .filter((folder) => folder.startsWith('tools/'))
        .flatMap((folder) => filesIn(root, folder))
        .filter((file) => !ownLists.test(file)),
      ...['package-lock.json', 'jest.config.ts'].filter((file) => existsSync(path.join(root, file))),
    ]),
    uses: (workspace, packageName) => used.get(workspace)!.has(`packages/${packageName}`),
  }
}
