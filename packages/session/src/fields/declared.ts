import type { FieldPolicy } from '@glassine/core'
import { declaresMember, keyMember } from '@glassine/core/internal'
import { badOption } from '../errors.ts'

/** @throws GlassineError `ERR_OPTION_INVALID` when a model declares the member that carries the keys */
export const refuseDeclared = (policy: FieldPolicy): void => {
  if (declaresMember(policy, keyMember))
    throw badOption('fields', `must not declare \`${keyMember}\`, which carries the session's keys`)
}
