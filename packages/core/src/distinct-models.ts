import { isListPolicy } from './clear-place.ts'
import { GlassineError } from './errors.ts'
import type { FieldPolicy } from './policy.ts'

/**
 * Refuses two different models with one id. A ciphertext is bound to the id, so a value sealed for one model would
 * open as the other. Models differ if they encrypt or authenticate different members. The same declaration twice, from
 * two copies of the library or from a module that was loaded again, is one model, and so is a list of it.
 *
 * @throws GlassineError `ERR_MODEL_INVALID`
 */
export const distinctModels = (policies: readonly FieldPolicy[], packageName: string): void => {
  const known = new Map<string, string>()
  for (const policy of policies) {
    const bound = boundFields(policy)
    const other = known.get(policy.model)
    if (other !== undefined && other !== bound)
      throw new GlassineError('ERR_MODEL_INVALID', {
        package: packageName,
        message: `${packageName}: two models with different fields have the id ${policy.model}; give one of them an id of its own`,
      })
    known.set(policy.model, bound)
  }
}

/** What a policy encrypts and authenticates; the same of a model and of a list of it. */
const boundFields = (policy: FieldPolicy): string => {
  const from = isListPolicy(policy) ? '/*'.length : 0
  return policy.fields
    .filter(({ kind }) => kind !== 'masked')
    .map(({ kind, path }) => `${kind} ${path.slice(from)}`)
    .sort()
    .join('\n')
}
