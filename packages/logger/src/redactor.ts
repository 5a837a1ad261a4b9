import type { CustomJsonReplacerFn } from '@aws-lambda-powertools/logger/types'
import { type Fields, policyOf } from '@glassine/core'
import { distinctModels, liveOpenedValues, memberName } from '@glassine/core/internal'
import { type Line, newLine, type Redaction } from './line.ts'
import { namesOf, packageName, redacted } from './names.ts'
import { redactText } from './text.ts'
import { valueRedactor } from './value.ts'

/** The whole line, if it could not be redacted. */
const notShown = 'not logged: the line could not be redacted'

/**
 * Removes what invocations of this process have opened, under any name. Concurrent invocations share a logger, so
 * the values of all of them count.
 */
const withoutOpened = (text: string, line: Line): string => {
  let result = text
  for (const opened of liveOpenedValues()) result = opened.redact(result)
  if (result !== text) line.changes++
  return result
}

/**
 * Creates the `jsonReplacerFn` of a Powertools Logger that never shows a declared field in full.
 *
 * A field is found by its own name anywhere in the logged data, in any case and spelling
 * (`dateOfBirth`, `date_of_birth`): in objects, arrays, maps, sets, errors, and in text that is or contains JSON,
 * `name: value` pairs or queries, even in base64, hexadecimal, percent-encoding or compressed. `@Encrypted` fields
 * become `[redacted]` or `[redacted <label>]`, whether encrypted or not; `@Masked` fields keep the characters that
 * `keepFirst` and `keepLast` allow. Undeclared data stays unchanged.
 *
 * Values that `decryptRequest` or `encryptedTables` has decrypted in a running invocation, or in one of the last 16,
 * are redacted too, anywhere, if they are strings or numbers of at least six characters.
 *
 * The work on a line is bounded. If it fails, the line reports that and shows nothing.
 *
 * @param fields the models: decorated classes, or what `defineFields` returned
 * @throws GlassineError `ERR_OPTION_INVALID` without a field, or with one that has no name (`*` alone);
 * `ERR_MODEL_INVALID`, also for two different models of one id
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
  const policies = fields.map((one) => policyOf(one, packageName))
  distinctModels(policies, packageName)
  const redaction: Redaction = {
    names: namesOf(policies),
    text: (text, line, depth, decoded = false) =>
      withoutOpened(redactText(text, redaction, line, depth, decoded), line),
    opened: withoutOpened,
    name: (name, line, depth) => {
      const text = redactText(name, redaction, line, depth, false)
      return withoutOpened(memberName(text), line) === memberName(text) ? text : redacted
    },
    value: (value, line, depth) => redact(value, line, depth),
  }
  const redact = valueRedactor(redaction)

  // JSON.stringify passes the whole line first, under the key '': it is copied and redacted there, at once.
  // Redacting member by member would be too late for errors and cycles, and could not fail as a whole.
  return (key, value) => {
    if (key !== '') return value
    try {
      return redact(value, newLine(), 0)
    } catch {
      return { message: notShown }
    }
  }
}
