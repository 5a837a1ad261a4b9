import { type FieldPolicy, isPlainObject, optionError } from '@glassine/core'
import { fault, from } from '../errors.ts'

/**
 * The root of a payload's copy as the object that holds the bundle.
 *
 * @throws GlassineError `ERR_OPTION_INVALID` when the bundle's member is a declared one, `ERR_FIELD_MISSING` when
 * the root is no object
 */
export const bundleHolder = (
  copy: unknown,
  bundleMember: string,
  policy: FieldPolicy,
  statusCode: 400 | 500,
): Record<string, unknown> => {
  if (declares(policy, bundleMember))
    throw optionError(from, 'bundleMember', `is a declared member of the model ${policy.model}`)
  if (!isPlainObject(copy)) throw fault('ERR_FIELD_MISSING', { path: `/${bundleMember}`, statusCode })
  return copy
}

/** Whether a model declares the member itself or something in it. */
const declares = ({ encrypted, fields }: FieldPolicy, member: string): boolean => {
  // A model whose root is a record declares every member.
  if (encrypted.each !== undefined) return true
  for (const { path } of fields)
    if (path.startsWith(member, 1) && (path.length === member.length + 1 || path[member.length + 1] === '/'))
      return true
  return false
}
