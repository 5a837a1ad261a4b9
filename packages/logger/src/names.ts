import type { FieldDeclaration, FieldPolicy } from '@glassine/core'
import { memberNames, packageErrors } from '@glassine/core/internal'

const errors = packageErrors('@glassine/logger')
export const { packageName } = errors

/** How a declared name is shown: as a constant, or with a few characters kept. */
export interface FieldRedaction {
  readonly kind: FieldDeclaration['kind']
  /** Replaces the value: names the label, but reveals neither the value nor its length. */
  readonly marker: string
  readonly keepFirst: number
  readonly keepLast: number
}

/** The declared names of all models, compiled once. */
export interface Names {
  /** The declaration for an object's key, a flattened path (`user[ssn]`) or a name found in a text. */
  ruleOf(key: string): FieldRedaction | undefined
  /** Matches a text that contains a declared name: a quick test, after which most strings are done. */
  readonly mention: RegExp
  /** Matches a declared name followed by a value; `name` is the group, global. */
  readonly pair: RegExp
}

/** What is shown if no single declaration applies. */
export const redacted = '[redacted]'

// A name that the patterns find by Unicode case folding but the map does not contain: use the safest rule.
const unknownName: FieldRedaction = { kind: 'encrypted', marker: redacted, keepFirst: 0, keepLast: 0 }

/** The name of `visits[*].note` is `note`, that of `tags[*]` is `tags`; a list at the root has no name. */
const nameOf = (field: FieldDeclaration): string =>
  memberNames(field).findLast((name) => name !== undefined) ?? ''

/** `dateOfBirth`, `date_of_birth` and `DATE-OF-BIRTH` are one name. */
const normalised = (name: string): string => name.toLowerCase().replace(/[-_\s]/g, '')

const ruleFor = (field: FieldDeclaration): FieldRedaction => {
  const { kind, label } = field
  const word = kind === 'encrypted' ? 'redacted' : 'masked'
  return {
    kind,
    marker: label === undefined ? `[${word}]` : `[${word} ${label}]`,
    keepFirst: field.kind === 'masked' ? (field.keepFirst ?? 0) : 0,
    keepLast: field.kind === 'masked' ? (field.keepLast ?? 0) : 0,
  }
}

/** If two models declare the same name, the one that shows less applies. */
const stricter = (one: FieldRedaction, other: FieldRedaction): FieldRedaction => {
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

/** A pattern for every spelling that {@link normalised} treats as the same name. */
const spellings = (name: string): string =>
  name
    .split(/[-_\s]+|(?<=[\p{Ll}\p{N}])(?=\p{Lu})/u)
    .filter((word) => word !== '')
    .map(escaped)
    .join('[-_\\s]?')

/** Compiles the names of the models. A field without any name cannot be found in a log. */
export const namesOf = (policies: readonly FieldPolicy[]): Names => {
  const rules = new Map<string, FieldRedaction>()
  const patterns = new Set<string>()
  for (const { model, fields } of policies)
    for (const field of fields) {
      // It identifies a record and is readable by declaration.
      if (field.kind === 'authenticated') continue
      const name = nameOf(field)
      if (normalised(name) === '')
        throw errors.badOption('fields', `has a field without a name: ${model} ${field.path}`)
      const rule = ruleFor(field)
      const key = normalised(name)
      const known = rules.get(key)
      rules.set(key, known ? stricter(known, rule) : rule)
      patterns.add(spellings(name))
    }
  if (rules.size === 0) throw errors.badOption('fields', 'must declare at least one field')

  const any = `(?:${[...patterns].sort((one, other) => other.length - one.length).join('|')})`
  const end = String.raw`(?![\p{L}\p{N}_])`
  // The rest of a flattened path: `ssn[0]`, `bloodPressure.systolic`.
  const sub = String.raw`(?:\.[\w-]{1,40}|\[[\w.-]{0,40}\]){0,8}`
  const key = new RegExp(
    String.raw`(?:^|[^\p{L}\p{N}_-])(?<name>${any})${end}${sub}[^\p{L}\p{N}]{0,8}$`,
    'iu',
  )

  // What may precede a name in a text, including an escape, which itself ends in a letter or digit.
  const start = String.raw`(?<=^|[^\p{L}\p{N}_]|\\[bfnrtv]|\\u[\da-f]{4}|%[\da-f]{2})`
  const closers = String.raw`(?:["'\x60\])}\s\\]|%22|%27|&quot;|&#34;|&#39;){0,20}`
  const separator = String.raw`(?:=>|->|:=|[:=>\uFF1A]|\bwith value\b)`
  // `name="ssn"`, `"key": "ssn"`: forms and lists in which the name is itself a value.
  const labelled = String.raw`\b(?:name|key|field|column|param|parameter)["'\\\s]{0,8}[:=]["'\\\s/.#]{0,8}`
  const pair = `${labelled}(?<listed>${any})${end}|${start}(?<name>${any})${end}${sub}${closers}${separator}`

  const mention = new RegExp(any, 'iu')
  return {
    ruleOf: (text) => {
      if (!mention.test(text)) return undefined
      const found = key.exec(text)?.groups?.name
      return found === undefined ? undefined : (rules.get(normalised(found)) ?? unknownName)
    },
    mention,
    pair: new RegExp(pair, 'giu'),
  }
}
