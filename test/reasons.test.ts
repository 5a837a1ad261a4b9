// An operator mends by the reason of a refusal. Each sentence in the sources is expected by a test, word for word.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { filesUnder } from '@glassine/test-support'
import { expect, test } from '@jest/globals'

const root = fileURLToPath(new URL('..', import.meta.url))

/** The packages that refuse. */
const packages = ['middy', 'message', 'session', 'dynamodb']

const withoutComments = (source: string): string =>
  source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1')

const sourcesIn = (folder: string): string[] =>
  filesUnder(folder)
    .filter((file) => file.endsWith('.ts'))
    .map((file) => withoutComments(readFileSync(path.join(root, file), 'utf8')))

/** What takes a reason: a call, or a member or variable of this name. */
const starts =
  /\b(?:decryptFailed|sessionExpired|refused|unavailable|unusable|branchKeyRefused|refusedOperation)(?:\?\.)?\(|\breason(?:Of)?\b\s*[:=](?!>)\s*/g

/** The text from a start to where its brackets close, or to the end of its statement. */
const expressionAt = (source: string, from: number, isCall: boolean): string => {
  let depth = isCall ? 1 : 0
  let at = from
  for (; at < source.length; at++) {
    const char = source[at]!
    if ('\'"`'.includes(char)) at = endOfText(source, at)
    else if ('([{'.includes(char)) depth++
    else if (')]}'.includes(char)) depth--
    if (depth < 0 || (isCall && depth === 0)) break
    if (
      !isCall &&
      depth === 0 &&
      (char === ',' || char === ';' || /^\n\s*[\w}]/.test(source.slice(at, at + 80)))
    )
      break
  }
  return source.slice(from, at)
}

const endOfText = (source: string, from: number): number => {
  let at = from + 1
  while (at < source.length && source[at] !== source[from]) at += source[at] === '\\' ? 2 : 1
  return at
}

/** Sentences, not codes and names: texts of at least three words. */
const sentencesIn = (source: string): string[] =>
  (source.match(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g) ?? [])
    .map((text) => longestPart(text.slice(1, -1)))
    .filter((text) => /^[^\]].*\S \S+ \S/.test(text))

/** Of a template, its longest constant part. */
const longestPart = (text: string): string =>
  text
    .replace(/\\(.)/g, '$1')
    .split(/\$\{[^}]*(?:\}|$)/)
    .reduce((longest, part) => (part.length > longest.length ? part : longest), '')
    .trim()

/** The top-level constants of a package, by name. */
const constantsOf = (sources: readonly string[]): ReadonlyMap<string, string> =>
  new Map(
    sources.flatMap((source) =>
      source.split(/\n(?=(?:export )?(?:const|function|class|interface|type) )/).flatMap((part) => {
        const [, name] = /^(?:export )?const (\w+)/.exec(part) ?? []
        return name === undefined ? [] : [[name, part] as const]
      }),
    ),
  )

/** The sentences of a package's reasons, also those that stand in a constant. */
const reasonsIn = (sources: readonly string[]): string[] => {
  const constants = constantsOf(sources)
  const found = new Set<string>()
  const collect = (text: string, isReason: boolean): void => {
    for (const sentence of sentencesIn(text)) found.add(sentence)
    if (!isReason) return
    for (const [word] of text.replace(/'(?:[^'\\\n]|\\.)*'/g, '').matchAll(/(?<![.\w])[a-z]\w+/g)) {
      const constant = constants.get(word)
      // A longer one does more than to choose a sentence.
      if (constant !== undefined && constant.length < 1_500) collect(constant, false)
    }
  }
  for (const source of sources)
    for (const { 0: start, index } of source.matchAll(starts))
      collect(expressionAt(source, index + start.length, start.endsWith('(')), true)
  return [...found]
}

const tests = [...packages, 'testing', 'client']
  .flatMap((name) => sourcesIn(`packages/${name}/test`))
  .map((text) => text.replace(/\\(.)/g, '$1'))

const withoutTest = (reasons: readonly string[]): string[] =>
  reasons.filter((reason) => !tests.some((text) => text.includes(reason)))

test.each(packages)('each reason in the sources of %s is expected by a test', (name) => {
  expect(withoutTest(reasonsIn(sourcesIn(`packages/${name}/src`)))).toEqual([])
})

test('a reason that is new is found, whether a call, a member or a constant has it', () => {
  const source = [
    "throw decryptFailed('it was never seen before')",
    'request.refused?.(`a template never seen before`)',
    "const fault = { code, reason: isList ? 'a list was never seen' : 'nor was it before' }",
    "const unseen = 'a constant never seen before'\nthrow decryptFailed(unseen)",
    "// throw decryptFailed('a comment is no reason')",
  ]
  const found = reasonsIn(source.map(withoutComments))
  expect(found).toEqual([
    'it was never seen before',
    'a template never seen before',
    'a list was never seen',
    'nor was it before',
    'a constant never seen before',
  ])
  expect(withoutTest(found)).toEqual(found)
})
