// Installs what the lock file names, when node_modules does not hold it yet. No dependency: it runs before any is
// there.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { prepare } from './spawn.mjs'

const stamp = 'node_modules/.glassine-setup'

/** The lock and the workspaces' manifests decide what is installed; Node's platform decides which binaries. */
const wanted = () =>
  createHash('sha256')
    .update(readFileSync('package-lock.json'))
    .update(`${process.platform} ${process.arch}`)
    .digest('hex')

export const setup = async () => {
  const hash = wanted()
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return
  await prepare('install', 'npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'])
  writeFileSync(stamp, hash)
}
