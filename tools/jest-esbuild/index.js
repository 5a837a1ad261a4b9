// Jest transformer on esbuild: ts-jest does not run on TypeScript 7, and this is the compiler that bundles the Lambda.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { transformSync, version } from 'esbuild'

const self = readFileSync(new URL(import.meta.url))

const optionsFor = (file, { supportsStaticESM }) => ({
  loader: file.endsWith('.ts') ? 'ts' : 'js',
  sourcefile: file,
  // Jest may ask for CommonJS (setup files, `require`), so the format follows what it can load.
  format: supportsStaticESM ? 'esm' : 'cjs',
  target: 'node20',
  sourcemap: 'inline',
  tsconfigRaw: {
    compilerOptions: { verbatimModuleSyntax: true, experimentalDecorators: file.includes('.legacy.') },
  },
})

export default {
  process(source, file, options) {
    const { code, map } = transformSync(source, optionsFor(file, options))
    return { code, map }
  },
  getCacheKey(source, file, options) {
    const key = JSON.stringify([version, file, options.supportsStaticESM, options.instrument])
    return createHash('sha256').update(self).update(key).update('\0').update(source).digest('hex')
  },
}
