// The wording that CONTRIBUTING asks for: plain words, and comments that fit beside each other.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { filesUnder } from '@glassine/test-support'
import { expect, test } from '@jest/globals'

const root = path.join(import.meta.dirname, '..')

const files = filesUnder('.').filter((file) => /\.(?:ts|tsx|mjs|md)$/.test(file))

// The brackets keep this line out of its own search.
const translated = /who[e]ver|nobo[d]y|stands i[n]\b|what is n[o]\b|\bis ha[d]\b/gi

/** What a text says in such words, also across the lines of a comment. */
const translatedIn = (text: string): string[] =>
  text.replaceAll(/\s*\n\s*(?:\/\/|\*)?\s*/g, ' ').match(translated) ?? []

/** Comment lines of more than 120 characters, except those with a link or a table. */
const wideIn = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => line.length > 120 && /^\s*(?:\/\/|\/?\*)(?!.*(?:https?:\/\/|\|))/.test(line))

test('both searches find what they look for', () => {
  expect(files.length).toBeGreaterThan(700)
  expect(translatedIn(`A key that is\n * ${'had'} by no${'body'}`)).toHaveLength(2)
  expect(wideIn(`  // ${'a '.repeat(60)}\n  const a = 1 // ${'a '.repeat(60)}`)).toHaveLength(1)
})

test('texts use plain words', () => {
  const found = files.flatMap((file) =>
    translatedIn(readFileSync(path.join(root, file), 'utf8')).map((words) => `${file}: ${words}`),
  )
  expect(found).toEqual([])
})

test('comments are at most 120 characters wide', () => {
  const found = files
    .filter((file) => !file.endsWith('.md'))
    .flatMap((file) => wideIn(readFileSync(path.join(root, file), 'utf8')).map((line) => `${file}: ${line}`))
  expect(found).toEqual([])
})
