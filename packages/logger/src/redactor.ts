import type { CustomJsonReplacerFn } from '@aws-lambda-powertools/logger/types'
import { type Fields, policyOf } from '@glassine/core'
import { newLine, type Redaction } from './line.ts'
import { namesOf } from './names.ts'
import { redactText } from './text.ts'
import { valueRedactor } from './value.ts'

/** Stands alone in a line that could not be redacted. */
const notShown = 'not logged: the line could not be redacted'

/**
 * Makes the `jsonReplacerFn` of a Powertools Logger that never shows a declared field whole.
 *
 * A field goes by its own name wherever that stands in what is logged, in any case and spelling
 * (`dateOfBirth`, `date_of_birth`): in objects, arrays, maps, sets, errors, and in text that is or contains JSON,
 * `name: value` pairs or queries, also in base64, hexadecimal, percent-encoding or compressed. `@Encrypted` fields
 * become `[redacted]` or `[redacted <label>]`, open or sealed alike; `@Masked` ones keep the characters that
 * `keepFirst` and `keepLast` allow. What is not declared stays as it is.
 *
 * The work on a line is bounded. When it fails, the line says so and shows nothing.
 *
 * @param fields the models: decorated classes, or what `defineFields` returned
 * @throws GlassineError `ERR_OPTION_INVALID` without a field, or with one that has no name (`*` alone)
 * @example
 * ```ts
 * import { Logger } from '@aws-lambda-powertools/logger'
 * import { defineFields } from '@glassine/core'
 * import { redactor } from '@glassine/logger'
 *
 * const patient = defineFields<{ id: string; ssn: string }>('patient', { ssn: { label: 'phi' } })
 * const logger = new Logger({ jsonReplacerFn: redactor(patient) })
 *
 * logger.info('intake', { patient: { id: 'p-1', ssn: '078-05-1120' } })
 * // {"level":"INFO","message":"intake",...,"patient":{"id":"p-1","ssn":"[redacted phi]"}}
 * ```
 */
export const redactor = (...fields: Fields[]): CustomJsonReplacerFn => {
  const redaction: Redaction = {
    names: namesOf(fields.map((one) => policyOf(one, '@glassine/logger'))),
    text: (text, line, depth, decoded = false) => redactText(text, redaction, line, depth, decoded),
    value: (value, line, depth) => redact(value, line, depth),
  }
  const redact = valueRedactor(redaction)

  // JSON.stringify hands the whole line over first, under the key '': it is copied and redacted there, at once.
  // Doing it member by member would come too late for errors and cycles, and could not fail as a whole.
  return (key, value) => {
    if (key !== '') return value
    try {
      return redact(value, newLine(), 0)
    } catch {
      return { message: notShown }
    }
  }
}
