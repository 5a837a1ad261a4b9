import type { FieldDeclaration, FieldPolicy } from '@glassine/core'
import { optionError } from '@glassine/core/internal'

/** How a declared name is shown: as a constant, or with a few characters kept. */
export interface Rule {
  readonly kind: FieldDeclaration['kind']
  /** Stands for the value: names the label, tells neither the value nor its length. */
  readonly marker: string
  readonly keepFirst: number
  readonly keepLast: number
}

/** The declared names of all models, compiled once. */
export interface Names {
  /** What is declared for an object's key, a flattened path (`user[ssn]`) or a name found in a text. */
  ruleOf(key: string): Rule | undefined
  /** A declared name stands somewhere in a text: the quick test that most strings end with. */
  readonly mention: RegExp
  /** A declared name that is followed by a value; `name` is the group, global. */
  readonly pair: RegExp
}

/** What is shown where no single declaration is at fault. */
export const redacted = '[redacted]'

// A name that the patterns find by Unicode case folding and the map does not know: the safest rule.
const unknownRule: Rule = { kind: 'encrypted', marker: redacted, keepFirst: 0, keepLast: 0 }

/** `/visits/*\/note` is called `note`, `/tags/*` is called `tags`; `~1` and `~0` as in RFC 6901. */
const nameOf = ({ path }: FieldDeclaration): string | undefined => {
  const name = path.split('/').findLast((segment) => segment !== '*')
  // '~2' is how core writes a member that is really called "*".
  return name?.replaceAll('~2', '*').replaceAll('~1', '/').replaceAll('~0', '~')
}

/** `dateOfBirth`, `date_of_birth` and `DATE-OF-BIRTH` are one name. */
const normalised = (name: string): string => name.toLowerCase().replace(/[-_\s]/g, '')

const ruleFor = (field: FieldDeclaration): Rule => {
  const { kind, label } = field
  const word = kind === 'encrypted' ? 'redacted' : 'masked'
  return {
    kind,
    marker: label === undefined ? `[${word}]` : `[${word} ${label}]`,
    keepFirst: field.kind === 'masked' ? (field.keepFirst ?? 0) : 0,
    keepLast: field.kind === 'masked' ? (field.keepLast ?? 0) : 0,
  }
}

/** Two models may declare one name: the one that shows less counts. */
const stricter = (one: Rule, other: Rule): Rule => {
  const kind = one.kind === 'masked' && other.kind === 'masked' ? 'masked' : 'encrypted'
  const marker = [one, other].find((rule) => rule.kind === kind)!.marker
  const differ = one.kind === other.kind && one.marker !== other.marker
  return {
    kind,
    marker: differ ? (kind === 'masked' ? '[masked]' : redacted) : marker,
    keepFirst: Math.min(one.keepFirst, other.keepFirst),
    keepLast: Math.min(one.keepLast, other.keepLast),
  }
}

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')

/** A pattern of every spelling that {@link normalised} takes for one. */
const spellings = (name: string): string =>
  name
    .split(/[-_\s]+|(?<=[\p{Ll}\p{N}])(?=\p{Lu})/u)
    .filter((word) => word !== '')
    .map(escaped)
    .join('[-_\\s]?')

/** Compiles the names of the models; one with no name at all cannot be found in a log. */
export const namesOf = (policies: readonly FieldPolicy[]): Names => {
  const rules = new Map<string, Rule>()
  const patterns = new Set<string>()
  for (const { model, fields } of policies)
    for (const field of fields) {
      const name = nameOf(field)
      if (name === undefined || normalised(name) === '')
        throw optionError('@glassine/logger', 'fields', `has a field without a name: ${model} ${field.path}`)
      const rule = ruleFor(field)
      const key = normalised(name)
      const known = rules.get(key)
      rules.set(key, known ? stricter(known, rule) : rule)
      patterns.add(spellings(name))
    }
  if (rules.size === 0) throw optionError('@glassine/logger', 'fields', 'must declare at least one field')

  const any = `(?:${[...patterns].sort((one, other) => other.length - one.length).join('|')})`
  const end = String.raw`(?![\p{L}\p{N}_])`
  // The rest of a flattened path: `ssn[0]`, `bloodPressure.systolic`.
  const sub = String.raw`(?:\.[\w-]{1,40}|\[[\w.-]{0,40}\]){0,8}`
  const key = new RegExp(
    String.raw`(?:^|[^\p{L}\p{N}_-])(?<name>${any})${end}${sub}[^\p{L}\p{N}]{0,8}$`,
    'iu',
  )

  // What may stand before a name in a text: also an escape, which ends in a letter or digit of its own.
  const start = String.raw`(?<=^|[^\p{L}\p{N}_]|\\[bfnrtv]|\\u[\da-f]{4}|%[\da-f]{2})`
  const closers = String.raw`(?:["'\x60\])}\s\\]|%22|%27|&quot;|&#34;|&#39;){0,20}`
  const separator = String.raw`(?:=>|->|:=|[:=>\uFF1A]|\bwith value\b)`
  // `name="ssn"`, `"key": "ssn"`: forms and lists where the name is itself a value.
  const labelled = String.raw`\b(?:name|key|field|column|param|parameter)["'\\\s]{0,8}[:=]["'\\\s/.#]{0,8}`
  const pair = `${labelled}(?<listed>${any})${end}|${start}(?<name>${any})${end}${sub}${closers}${separator}`

  const mention = new RegExp(any, 'iu')
  return {
    ruleOf: (text) => {
      if (!mention.test(text)) return undefined
      const found = key.exec(text)?.groups?.name
      return found === undefined ? undefined : (rules.get(normalised(found)) ?? unknownRule)
    },
    mention,
    pair: new RegExp(pair, 'giu'),
  }
}
