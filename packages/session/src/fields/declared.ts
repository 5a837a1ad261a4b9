import type { FieldPolicy } from '@glassine/core'
import { declaresMember, sessionMember } from '@glassine/core/internal'
import { badOption } from '../errors.ts'

/** @throws GlassineError `ERR_OPTION_INVALID` when a model declares the member that carries the keys */
export const refuseDeclared = (policy: FieldPolicy): void => {
  if (declaresMember(policy, sessionMember))
    throw badOption('fields', `must not declare \`${sessionMember}\`, which carries the session's keys`)
}
