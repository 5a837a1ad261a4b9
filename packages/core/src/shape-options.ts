// The two options about shape that every envelope has: where its ciphertexts go.
import { optionError } from './errors.ts'
import { oneOf, type Rule } from './options.ts'

/** Where ciphertexts go. */
export interface ShapeChoice {
  /** `'field'`: one in each declared place. `'bundle'`: one for all fields, in a member of the root. */
  readonly shape?: 'field' | 'bundle'
  /** That member. */
  readonly bundleMember?: string
}

/** The default member of the root for a bundle. */
const defaultBundleMember = 'sealed'

// Names that reach a prototype, and names that a pointer would have to escape.
const forbiddenMember = /^(?:__proto__|constructor|prototype)?$|[~/]/

/** What the two options must be. */
export const shapeOptions = {
  shape: oneOf('field', 'bundle'),
  bundleMember: [
    'must be the name of a member',
    (value) => typeof value === 'string' && !forbiddenMember.test(value),
  ],
} as const satisfies Readonly<Record<string, Rule>>

/**
 * The member that holds the bundle; `undefined` in the field shape, which is the default.
 *
 * @param reserved - a member that the format needs for something else
 * @throws GlassineError `ERR_OPTION_INVALID`
 */
export const bundleMemberOf = (
  packageName: string,
  { shape, bundleMember }: ShapeChoice,
  reserved?: string,
): string | undefined => {
  if (shape !== 'bundle') {
    if (bundleMember !== undefined) throw optionError(packageName, 'bundleMember', "needs the shape 'bundle'")
    return undefined
  }
  if (bundleMember === reserved && reserved !== undefined)
    throw optionError(
      packageName,
      'bundleMember',
      `must not be \`${reserved}\`, which carries the session's keys`,
    )
  return bundleMember ?? defaultBundleMember
}
