/*
 * Authenticated members: readable members that identify a record. Sealed values are bound to those of every container
 * on their way, by pointer and canonical text (RFC 8785 for these values); the parsed payload is what is compared.
 */
import { escapePointer } from './path.ts'
import type { RecordMember } from './policy.ts'

/** An authenticated member of one payload. */
export interface RecordPair {
  /** Its concrete JSON Pointer, `/visits/0/id`. */
  readonly pointer: string
  /** Its canonical JSON text. */
  readonly text: string
}

/** Longer texts identify no better, and each is repeated in every plaintext beside it. In code units. */
const maxText = 256

/**
 * The canonical text of an authenticated member: of a well-formed string of 1 to 256 code units, a safe integer, a
 * boolean or null. `undefined` for any other value: two of those could become one in `JSON.parse`.
 */
export const recordText = (value: unknown): string | undefined => {
  switch (typeof value) {
    case 'string':
      return value !== '' && value.length <= maxText && value.isWellFormed()
        ? JSON.stringify(value)
        : undefined
    case 'number':
      return Number.isSafeInteger(value) && !Object.is(value, -0) ? String(value) : undefined
    case 'boolean':
      return String(value)
    default:
      return value === null ? 'null' : undefined
  }
}

/**
 * The authenticated members of one container, in order of declaration.
 *
 * @param pointer - the container's
 * @param fault - makes the error of a member
 * @throws GlassineError `ERR_FIELD_MISSING`, `ERR_VALUE_INVALID`
 */
export const recordPairs = (
  members: readonly RecordMember[],
  container: Record<string, unknown>,
  pointer: string,
  fault: (code: 'ERR_FIELD_MISSING' | 'ERR_VALUE_INVALID', at: RecordMember, said?: string) => Error,
): RecordPair[] => {
  const pairs: RecordPair[] = []
  for (const member of members) {
    const { name } = member
    const value = Object.hasOwn(container, name) ? container[name] : undefined
    if (value === undefined) {
      if (member.optional) continue
      throw fault('ERR_FIELD_MISSING', member)
    }
    const text = recordText(value)
    if (text === undefined)
      throw fault(
        'ERR_VALUE_INVALID',
        member,
        `an authenticated field is a text of 1 to ${maxText}, safe integer, boolean or null`,
      )
    pairs.push({ pointer: `${pointer}/${escapePointer(name)}`, text })
  }
  return pairs
}
