// Packs every published package, and checks what is in the archives, before anything is installed from them.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { run } from '../spawn.mjs'

/** Packs into a folder; the result has name, `filename` and `files` of each archive. */
export const pack = (folder) => {
  const names = readdirSync('packages').map((name) => `./packages/${name}`)
  const answer = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--pack-destination', folder, ...names], { encoding: 'utf8' }),
  )
  // npm 10 answers with a list, npm 11 with an object by name.
  return Array.isArray(answer) ? answer : Object.values(answer)
}

export const checkArchives = async (folder, packed) => {
  for (const { name, files } of packed)
    checkFiles(
      name,
      files.map((file) => file.path),
    )
  for (const { name, filename } of packed) checkLinks(name, path.join(folder, filename))
  // What each archive tells Node, bundlers and the compiler about its entries must be right. ESM only: `require()` of
  // it is the Node versions that can.
  for (const { name, filename } of packed) {
    const archive = path.join(folder, filename)
    await run(`publint ${name}`, 'node_modules/.bin/publint', ['--strict', archive])
    await run(`types of ${name}`, 'node_modules/.bin/attw', [archive, '--profile', 'esm-only', '--quiet'])
  }
}

const checkFiles = (name, shipped) => {
  for (const needed of ['README.md', 'LICENSE', 'dist/index.js', 'dist/index.d.ts'])
    if (!shipped.includes(needed)) throw new Error(`${name} does not ship ${needed}`)
  const stray = shipped.filter(
    (file) => !/^(dist\/.*\.(js|d\.ts)|README\.md|LICENSE|package\.json)$/.test(file),
  )
  if (stray.length > 0) throw new Error(`${name} ships ${stray.join(', ')}`)
}

const repository = 'https://github.com/glassine-dev/glassine/'

/** On a registry's page a relative link is dead. Those to the repository must lead to a file that it has. */
const checkLinks = (name, archive) => {
  const readme = execFileSync('tar', ['-xzOf', archive, 'package/README.md'], { encoding: 'utf8' })
  const text = readme.replace(/^```[\s\S]*?^```/gm, '')
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link)
  const dead = links.filter((link) => {
    if (!link.startsWith(repository)) return !/^(https:|#)/.test(link)
    const [, file] = /^(?:tree|blob)\/main\/([^#]+)/.exec(link.slice(repository.length)) ?? []
    return file === undefined || !existsSync(file)
  })
  if (dead.length > 0) throw new Error(`The README of ${name} has dead links: ${dead.join(', ')}`)
}
