// What the declaration says of each place: the same model that the Lambda and the table go by.
import { policyOf } from '@glassine/core'
import { Patient } from '../../src/model.ts'

/** Sealed before it leaves; readable but masked in logs; or undeclared, readable everywhere. */
export type Kind = 'encrypted' | 'masked' | 'authenticated' | 'clear'

const declared = policyOf(Patient).fields.map(({ kind, path, label }) => ({
  kind,
  label,
  pattern: new RegExp(`^${path.replaceAll('*', '[^/]+')}(?=/|$)`),
}))

/** The field that a place belongs to: a declared one is a whole, whatever its value holds. */
export const fieldAt = (
  pointer: string,
): { readonly at: string; readonly kind: Kind; readonly label?: string } => {
  for (const { kind, label, pattern } of declared) {
    const at = pattern.exec(pointer)?.[0]
    if (at !== undefined) return { at, kind, label }
  }
  return { at: pointer, kind: 'clear' }
}

type Members = Readonly<Record<string, unknown>>

export const isMembers = (value: unknown): value is Members => typeof value === 'object' && value !== null

/** The fields of a payload by their places, in its own order. */
export const fieldsIn = (value: unknown, at = ''): string[] => {
  if (at !== '' && (fieldAt(at).kind !== 'clear' || !isMembers(value))) return [at]
  return isMembers(value)
    ? Object.entries(value).flatMap(([name, member]) => fieldsIn(member, `${at}/${name}`))
    : []
}

/** What stands at a place, or the sealed whole that it disappeared in; `undefined` where nothing stands. */
export const valueAt = (root: unknown, pointer: string): unknown => {
  let value = root
  for (const name of pointer.split('/').slice(1)) {
    if (!isMembers(value)) return value
    if (typeof value.B === 'string') return value
    value = value[name]
  }
  return value
}

/** `/visits/0/note` as people read it. */
export const nameOf = (pointer: string): string => pointer.slice(1).replaceAll('/', '.')

/** Whether two places have to do with each other. */
export const related = (one: string, other: string): boolean =>
  one === other || one.startsWith(`${other}/`) || other.startsWith(`${one}/`)
