import { GlassineError, optionError } from './errors.ts'
import { isPlainObject } from './json.ts'
import type { EncryptedOptions, FieldDeclaration, MaskedOptions } from './policy.ts'

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

const rules: { readonly [K in FieldDeclaration['kind'] | 'nested']: Readonly<Record<string, Rule>> } = {
  encrypted: {
    label,
    optional: flag,
    beacon: [
      'must be { bits } with an integer from 1 to 63',
      (value) =>
        isPlainObject(value) &&
        Object.keys(value).join() === 'bits' &&
        Number.isInteger(value.bits) &&
        (value.bits as number) > 0 &&
        (value.bits as number) < 64,
    ],
  },
  masked: { label, keepFirst: count, keepLast: count },
  nested: {
    in: ["must be 'array' or 'record'", (value) => value === 'array' || value === 'record'],
    optional: flag,
  },
}

/**
 * Returns a frozen copy of a field's options when each is known and right. An unknown name throws as well: a
 * misspelt `optinal` must not become a default in silence.
 *
 * @throws GlassineError `ERR_OPTION_INVALID` with the option's name
 */
export const checkedOptions = <O extends EncryptedOptions | MaskedOptions | object>(
  kind: keyof typeof rules,
  options: O | undefined,
): O => {
  const checked: Record<string, unknown> = {}
  if (options === undefined) return Object.freeze(checked) as O
  if (!isPlainObject(options)) throw optionError(core, kind, 'must be an object')
  for (const [name, value] of Object.entries(options)) {
    const rule = Object.hasOwn(rules[kind], name) ? rules[kind][name] : undefined
    if (!rule) throw optionError(core, name, `is not known for ${kind} fields`)
    if (value === undefined) continue
    if (!rule[1](value)) throw optionError(core, name, rule[0])
    checked[name] = name === 'beacon' ? Object.freeze({ ...(value as object) }) : value
  }
  return Object.freeze(checked) as O
}
