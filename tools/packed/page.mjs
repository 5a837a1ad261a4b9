// What a page tells users to write: a project takes its settings and commands from there, so that the page is tried.
import { readFileSync } from 'node:fs'

export const runners = 'docs/runners-and-bundlers.md'

/** The text of a page below a heading, such as `## Start`, up to the next of its level or above. */
const below = (page, heading) => {
  const [, ...rest] = readFileSync(page, 'utf8').split(`\n${heading}\n`)
  if (rest.length !== 1) throw new Error(`${page} has the heading "${heading}" ${rest.length} times`)
  const [level] = heading.split(' ')
  return rest[0].split(new RegExp(`\\n#{2,${level.length}} `))[0]
}

/** The blocks of code below a heading; `file` where the first line names one. */
export const blocks = (page, heading) =>
  [...below(page, heading).matchAll(/```(\w+)\n([\s\S]*?)```/g)].map(([, language, text]) => {
    const [, file] = /^\/\/ (\S+)\n/.exec(text) ?? []
    return { language, text, file }
  })
