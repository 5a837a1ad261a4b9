import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { transform } from '@swc/core'
import { type BuildOptions, build } from 'esbuild'

const run = promisify(execFile)
const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))

const repository = at('../../../../')
export const coreSource = at('../../src/index.ts')
const fixture = at('../fixtures/models.ts')

export type Mode = 'tc39' | 'legacy'
export const modes: readonly Mode[] = ['tc39', 'legacy']

/** Runs tsc, which has no JavaScript API since version 7; resolves to its output, empty on success. */
const tsc = async (args: readonly string[]): Promise<string> => {
  try {
    await run(join(repository, 'node_modules/.bin/tsc'), [...args], { cwd: repository })
    return ''
  } catch (error) {
    return String((error as { stdout: unknown }).stdout)
  }
}

/** Type-checks texts in a folder outside the repository, like a user's sources. */
export const typeCheck = async (
  folder: string,
  texts: Readonly<Record<string, string>>,
  compilerOptions: object,
): Promise<string> => {
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  const files = Object.keys(texts)
  for (const file of files) await writeFile(join(folder, file), texts[file]!)
  const config = join(folder, `${files[0]}.json`)
  await writeFile(
    config,
    JSON.stringify({
      extends: join(repository, 'tsconfig.base.json'),
      compilerOptions: {
        noEmit: true,
        rewriteRelativeImportExtensions: false,
        allowImportingTsExtensions: true,
        types: [],
        paths: {
          '@glassine/core': [coreSource],
          '@glassine/core/*': [coreSource.replace('index.ts', '*.ts')],
          '@glassine/client': [at('../../../client/src/index.ts')],
          'expect-type': [join(repository, 'node_modules/expect-type/dist/index.d.ts')],
        },
        ...compilerOptions,
      },
      files,
    }),
  )
  return tsc(['-p', config, '--pretty', 'false'])
}

/** Compiles the fixture with tsc into a folder and resolves to the output file. */
const byTsc = async (mode: Mode, folder: string): Promise<string> => {
  const out = join(folder, `tsc-${mode}`)
  const config = join(folder, `tsc-${mode}.json`)
  const compilerOptions = {
    rootDir: repository,
    outDir: out,
    typeRoots: [join(repository, 'node_modules/@types')],
    declaration: false,
    experimentalDecorators: mode === 'legacy',
  }
  await writeFile(
    config,
    JSON.stringify({ extends: join(repository, 'tsconfig.base.json'), compilerOptions, files: [fixture] }),
  )
  const said = await tsc(['-p', config])
  if (said !== '') throw new Error(said)
  return join(out, 'packages/core/test/fixtures/models.js')
}

const bySwc = async (mode: Mode, folder: string): Promise<string> => {
  const { code } = await transform(await readFile(fixture, 'utf8'), {
    filename: fixture,
    swcrc: false,
    configFile: false,
    module: { type: 'es6' },
    jsc: {
      target: 'es2022',
      parser: { syntax: 'typescript', decorators: true },
      transform: mode === 'legacy' ? { legacyDecorator: true } : { decoratorVersion: '2023-11' as '2022-03' },
    },
  })
  const file = join(folder, `swc-${mode}.js`)
  await writeFile(file, code)
  return file
}

// esbuild handles decorators only in the fixture itself; the output of the others has none left.
const bundle = async (
  entry: string,
  outfile: string,
  mode: Mode,
  options: BuildOptions = {},
): Promise<string> => {
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    alias: { '@glassine/core': coreSource },
    tsconfigRaw: { compilerOptions: { experimentalDecorators: mode === 'legacy' } },
    logLevel: 'silent',
    ...options,
  })
  return outfile
}

/**
 * From the name of a compiler to a function that compiles the fixture and bundles it with the library into one module.
 */
export const compilers: Readonly<Record<string, (mode: Mode, folder: string) => Promise<string>>> = {
  tsc: async (mode, folder) => bundle(await byTsc(mode, folder), join(folder, `tsc-${mode}.mjs`), mode),
  swc: async (mode, folder) => bundle(await bySwc(mode, folder), join(folder, `swc-${mode}.mjs`), mode),
  esbuild: (mode, folder) => bundle(fixture, join(folder, `esbuild-${mode}.mjs`), mode),
  'esbuild, minified': (mode, folder) =>
    bundle(fixture, join(folder, `minified-${mode}.mjs`), mode, { minify: true, keepNames: false }),
}

/** The library alone, as a second copy beside the one in the fixture's bundle. */
export const secondCopy = (folder: string): Promise<string> =>
  bundle(coreSource, join(folder, 'core.mjs'), 'tc39', { minify: true })

/** Evaluates an expression over compiled modules in a new Node, without Jest's realms; resolves to its JSON. */
export const evaluate = async (
  modules: Readonly<Record<string, string>>,
  expression: string,
): Promise<any> => {
  const imports = Object.entries(modules).map(
    ([name, file]) => `import * as ${name} from ${JSON.stringify(pathToFileURL(file).href)}`,
  )
  const source = [...imports, `console.log(JSON.stringify(${expression}))`].join('\n')
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', source])
  return JSON.parse(stdout)
}
