import { type FieldPolicy, GlassineError, isPlainObject, optionError } from '@glassine/core'
import { from } from '../errors.ts'

/**
 * The root of a payload's copy as the object that holds the bundle.
 *
 * @throws GlassineError `ERR_OPTION_INVALID` when the bundle's member is a declared one, `ERR_FIELD_MISSING` when
 * the root is no object
 */
export const bundleHolder = (
  copy: unknown,
  bundleMember: string,
  { model, encrypted, fields }: FieldPolicy,
  statusCode: 400 | 500,
): Record<string, unknown> => {
  const declared = encrypted.each !== undefined || fields.some(({ path }) => within(path, `/${bundleMember}`))
  if (declared) throw optionError(from, 'bundleMember', `is a declared member of the model ${model}`)
  if (!isPlainObject(copy))
    throw new GlassineError('ERR_FIELD_MISSING', { package: from, path: `/${bundleMember}`, statusCode })
  return copy
}

const within = (path: string, root: string): boolean => path === root || path.startsWith(`${root}/`)
