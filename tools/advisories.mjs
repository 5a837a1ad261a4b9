// npm run advisories: known vulnerabilities of the installed packages. Not every registry answers `npm audit`. If it
// does not, that is reported but is not a failure: an advisory could not be distinguished from an outage otherwise.
import { spawnSync } from 'node:child_process'

const { stdout } = spawnSync('npm', ['audit', '--json', '--ignore-scripts'], { encoding: 'utf8' })
const answer = parsed(stdout)
if (answer?.vulnerabilities === undefined) {
  const why = answer?.error?.summary || answer?.message || 'no response that could be read'
  console.log(
    `Advisories were NOT checked: the registry does not answer (${String(why).trim().slice(0, 200)})`,
  )
  process.exit(0)
}
const found = Object.values(answer.vulnerabilities)
const serious = found.filter(({ severity }) => severity === 'high' || severity === 'critical')
for (const { name, severity, range } of found) console.log(`${severity.padEnd(9)} ${name} ${range}`)
console.log(`${found.length} advisories, ${serious.length} of them high or critical`)
process.exit(serious.length > 0 ? 1 : 0)

function parsed(text) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
