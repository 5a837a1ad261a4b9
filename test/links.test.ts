// Links between documents lead to an existing file, and to an existing heading in it.
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { filesUnder } from '@glassine/test-support'
import { expect, test } from '@jest/globals'

const root = path.join(import.meta.dirname, '..')

/** The anchor that GitHub makes from a heading. */
const anchorOf = (heading: string): string =>
  heading
    .replace(/`|\[|\]\([^)]*\)|\*/g, '')
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-')

const textOf = (file: string): string =>
  readFileSync(path.join(root, file), 'utf8').replace(/^```[\s\S]*?^```/gm, '')

/** The anchors of a document's headings; GitHub numbers those that occur again. */
const anchorsIn = (text: string): string[] => {
  const counts = new Map<string, number>()
  return [...text.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading]) => {
    const anchor = anchorOf(heading!)
    const count = counts.get(anchor) ?? 0
    counts.set(anchor, count + 1)
    return count === 0 ? anchor : `${anchor}-${count}`
  })
}
const anchorsOf = (file: string): string[] => anchorsIn(textOf(file))

const files = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
  ...['docs', 'packages', 'examples', 'bench', 'tools']
    .flatMap(filesUnder)
    .filter((file) => file.endsWith('.md')),
].filter((file) => existsSync(path.join(root, file)))

/** The relative links of a document that lead nowhere. */
const broken = (file: string): string[] =>
  [...textOf(file).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => target!)
    .filter((target) => !/^[a-z]+:/i.test(target))
    .filter((target) => {
      const [name, anchor] = target.split('#') as [string, string?]
      const to = name === '' ? file : path.join(path.dirname(file), decodeURIComponent(name))
      if (!existsSync(path.join(root, to))) return true
      return anchor !== undefined && to.endsWith('.md') && !anchorsOf(to).includes(anchor)
    })

test('there are documents with links', () => {
  expect(files.length).toBeGreaterThan(15)
  expect(files.flatMap((file) => [...textOf(file).matchAll(/\]\(/g)]).length).toBeGreaterThan(30)
})

test.each(files.map((file) => [file]))('the links of %s lead somewhere', (file) => {
  expect(broken(file)).toEqual([])
})

const readmes = files.filter((file) => /^packages\/[a-z-]+\/README\.md$/.test(file))

test.each(readmes.map((file) => [file]))(
  'the links of %s are absolute, since a registry shows it',
  (file) => {
    const links = [...textOf(file).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!)
    expect(links.filter((target) => !/^(?:https:|#)/.test(target))).toEqual([])
    const repository = /^https:\/\/github\.com\/glassine-dev\/glassine\/(?:tree|blob)\/main\/([^#]+)/
    const paths = links.flatMap((target) => repository.exec(target)?.[1] ?? [])
    expect(paths.filter((one) => !existsSync(path.join(root, one)))).toEqual([])
  },
)
