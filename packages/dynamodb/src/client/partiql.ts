// PartiQL has its tables in the text of statements.
import type { Output } from './client-state.ts'
import type { Tables } from './table.ts'

/** Every statement of an input: alone, in a batch or in a transaction. */
const statementsOf = (input: Output): readonly string[] =>
  [input, ...(input.Statements ?? []), ...(input.TransactStatements ?? [])].flatMap((one) =>
    one?.Statement == null ? [] : [String(one.Statement)],
  )

/** Takes the place of a table's name that could not be read. No table can have this name. */
const unclear = 'of a statement that is not understood'

/**
 * The tables that an input's statements name. A statement with the letters of an encrypted table's name anywhere counts
 * as one on that table: this may find too much, never too little.
 */
export const tablesOfStatements = (input: Output, tables: Tables): readonly string[] =>
  statementsOf(input).flatMap((statement) => {
    const text = statement.toLowerCase()
    const encrypted = [...tables.keys()].filter((name) => text.includes(name.toLowerCase()))
    return encrypted.length > 0 ? encrypted : (tablesIn(statement) ?? [unclear])
  })

/** A string, a quoted name, the start of a comment, a word, or any other character. */
const token = /\s*('(?:[^']|'')*'|"[^"]*"|--|\/\*|\w+|\S)/gy

/** Comments, quotes without an end, Ion literals and joins: behind them a table could hide. */
const hiding = /^(--|\/\*|['"`]|join)$/i

/** The tables after `INTO`, `FROM` and `UPDATE`; `undefined` for a statement that is not understood. */
const tablesIn = (statement: string): readonly string[] | undefined => {
  const tokens = [...statement.matchAll(token)].map(([, text]) => text!)
  if (tokens.some((text) => hiding.test(text))) return undefined
  const names: string[] = []
  for (const [at, text] of tokens.entries()) {
    if (!/^(into|from|update)$/i.test(text)) continue
    const name = /^(?:"([\w.-]+)"|(\w+))$/.exec(tokens[at + 1] ?? '')
    if (name === null || tokens[at + 2] === ',') return undefined
    names.push((name[1] ?? name[2])!)
  }
  return names.length === 0 ? undefined : names
}
