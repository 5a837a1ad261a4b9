// node swc.mjs FILE: compiles a file by .swcrc, as `@swc/cli` does.
import { writeFileSync } from 'node:fs'
import { transformFileSync } from '@swc/core'

const [file] = process.argv.slice(2)
const fallback = { jsc: { parser: { syntax: 'typescript' } } }
const { code } = transformFileSync(file, process.env.WITHOUT_SETTINGS ? { swcrc: false, ...fallback } : {})
writeFileSync(file.replace('.ts', '.js'), code)
