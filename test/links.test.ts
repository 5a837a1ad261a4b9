// Links between documents lead to an existing file, and to an existing heading in it.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
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

const repository = /^https:\/\/github\.com\/glassine-dev\/glassine\/(?:tree|blob)\/main\/([^#]*)(?:#(.*))?$/

/** Targets of links and of images, in Markdown and in HTML. */
const targetsOf = (file: string): string[] =>
  [...textOf(file).matchAll(/\]\(([^)\s]+)\)|\b(?:src|srcset|href)="([^"]+)"/g)].map(
    ([, link, image]) => link ?? image!,
  )

/** Where a link leads in the repository: a path from its root, and a heading there. */
const placeOf = (file: string, target: string): readonly [to: string, anchor?: string] | undefined => {
  const [isOurs, absolute, heading] = repository.exec(target) ?? []
  if (isOurs !== undefined) return [absolute!.replace(/\/$/, ''), heading]
  if (/^[a-z]+:/i.test(target)) return undefined
  const [name, anchor] = target.split('#') as [string, string?]
  return [name === '' ? file : path.join(path.dirname(file), decodeURIComponent(name)), anchor]
}

/** The links of a document into the repository that lead nowhere. */
const broken = (file: string): string[] =>
  targetsOf(file).filter((target) => {
    const [to, anchor] = placeOf(file, target) ?? ['.']
    if (!existsSync(path.join(root, to))) return true
    if (anchor === undefined) return false
    // GitHub shows a folder with its README, whose top is `#readme`.
    if (!to.endsWith('.md'))
      return !(
        existsSync(path.join(root, to, 'README.md')) &&
        [...anchorsOf(`${to}/README.md`), 'readme'].includes(anchor)
      )
    return !anchorsOf(to).includes(anchor)
  })

test('there are documents with links', () => {
  expect(files.length).toBeGreaterThan(15)
  expect(files.flatMap((file) => [...textOf(file).matchAll(/\]\(/g)]).length).toBeGreaterThan(30)
})

test.each(files.map((file) => [file]))('the links of %s lead somewhere', (file) => {
  expect(broken(file)).toEqual([])
})

test('a link to the repository that leads nowhere is found, relative or absolute', () => {
  const main = 'https://github.com/glassine-dev/glassine/tree/main'
  expect(placeOf('docs/a.md', `${main}/docs/b.md#c`)).toEqual(['docs/b.md', 'c'])
  expect(placeOf('docs/a.md', '../README.md')).toEqual(['README.md', undefined])
  expect(placeOf('docs/a.md', 'https://example.com')).toBeUndefined()
  expect(anchorsIn('# Keys\n## `Keys`\n')).toEqual(['keys', 'keys-1'])
})

const readmes = files.filter((file) => /^packages\/[a-z-]+\/README\.md$/.test(file))

test.each(readmes.map((file) => [file]))(
  'the links of %s are absolute, since a registry shows it',
  (file) => {
    expect(targetsOf(file).filter((target) => !/^(?:https:|#)/.test(target))).toEqual([])
  },
)

test.each(readmes.map((file) => [file]))('%s links the API reference of its import paths', (file) => {
  const name = path.basename(path.dirname(file))
  const pages = readdirSync(path.join(root, 'docs/reference')).filter(
    (page) => page === `${name}.md` || page.startsWith(`${name}-`),
  )
  const linked = targetsOf(file).map((target) => placeOf(file, target)?.[0])
  expect(pages.filter((page) => !linked.includes(`docs/reference/${page}`))).toEqual([])
})
