import { GlassineError, optionError } from './errors.ts'
import { isPlainObject } from './json.ts'

/** The name that errors of this package carry. */
export const core = '@glassine/core'

/** The error for a declaration that cannot be compiled; made of constants and declared names only. */
export const modelError = (message: string, path?: string): GlassineError =>
  new GlassineError('ERR_MODEL_INVALID', { message, package: core, ...(path !== undefined && { path }) })

type Rule = readonly [expected: string, holds: (value: any) => boolean]

const label: Rule = [
  'must be a string that is not empty',
  (value) => typeof value === 'string' && value !== '',
]
const flag: Rule = ['must be a boolean', (value) => typeof value === 'boolean']
const count: Rule = ['must be an integer, 0 or more', (value) => Number.isSafeInteger(value) && value >= 0]
const beacon: Rule = [
  'must be { bits } with an integer from 1 to 63',
  (value) =>
    isPlainObject(value) &&
    Object.keys(value).join() === 'bits' &&
    Number.isInteger(value.bits) &&
    (value.bits as number) > 0 &&
    (value.bits as number) < 64,
]

// Maps and not objects: an option called `constructor` finds nothing in them.
const rules = {
  encrypted: new Map(Object.entries({ label, optional: flag, beacon })),
  masked: new Map(Object.entries({ label, keepFirst: count, keepLast: count })),
  nested: new Map<string, Rule>([
    ['in', ["must be 'array' or 'record'", (value) => value === 'array' || value === 'record']],
    ['optional', flag],
  ]),
}

/**
 * Returns a frozen copy of a field's options when each is known and right. An unknown name throws as well: a
 * misspelt `optinal` must not become a default in silence.
 *
 * @throws GlassineError `ERR_OPTION_INVALID` with the option's name
 */
export const checkedOptions = <O extends object>(kind: keyof typeof rules, options: O | undefined): O => {
  const checked: Record<string, unknown> = {}
  if (options !== undefined && !isPlainObject(options)) throw optionError(core, kind, 'must be an object')
  for (const [name, value] of Object.entries(options ?? {})) {
    const rule = rules[kind].get(name)
    if (!rule) throw optionError(core, name, `is not known for ${kind} fields`)
    // An option that is undefined is one that was not given, for those who pass theirs through.
    if (value === undefined) continue
    if (!rule[1](value)) throw optionError(core, name, rule[0])
    checked[name] = typeof value === 'object' ? { ...value } : value
  }
  return Object.freeze(checked) as O
}
