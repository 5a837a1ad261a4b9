import { optionError } from '@glassine/core/internal'
import { multiKeyring } from '@glassine/keys/multi'
import type { AttributeAction } from '../attributes/actions.ts'
import { planner } from '../attributes/plan.ts'
import { packageName } from '../errors.ts'
import { contextOf } from '../format/encryption-context.ts'
import type { CheckedOptions } from './options.ts'
import type { TableConfig } from './table-config.ts'

/** What is done with each attribute; made from explicit actions or from a declaration of fields. */
export interface Actions {
  /** The option that the errors name. */
  readonly option: string
  /** Attributes that the configuration names. */
  readonly named: ReadonlyMap<string, AttributeAction>
  /** What is done with attributes that it does not name; `undefined`: they are refused. */
  readonly others: AttributeAction | undefined
  /** Attributes that items must have, beside the keys and what is in the encryption context. */
  readonly required: readonly string[]
}

const included: AttributeAction = 'SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT'

/**
 * Checks the actions against the format's rules and compiles a table's configuration. As soon as one attribute is
 * included in the encryption context, items are of version 2, where the keys have to be included too.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`
 */
export const compileTable = (options: CheckedOptions, actions: Actions): TableConfig => {
  const { table, partitionKey, sortKey, isUnsigned, keyrings } = options
  const { option, named, others } = actions
  const inContext = [...named].flatMap(([name, action]) => (action === included ? [name] : []))
  const version = inContext.length > 0 ? 2 : 1
  const keys = sortKey === undefined ? [partitionKey] : [partitionKey, sortKey]

  const keyAction = version === 2 ? included : 'SIGN_ONLY'
  for (const key of keys)
    if (named.get(key) !== keyAction)
      throw optionError(packageName, option, `must give the table's keys ${keyAction}`)
  for (const [name, action] of named)
    if ((action === 'DO_NOTHING') !== isUnsigned(name))
      throw optionError(packageName, option, `contradicts the unsigned attributes: ${name}`)

  const actionOf = (name: string): AttributeAction | undefined =>
    isUnsigned(name) ? 'DO_NOTHING' : (named.get(name) ?? others)
  return {
    partitionKey,
    sortKey,
    keyrings,
    reader: keyrings.length === 1 ? keyrings[0]! : multiKeyring({ children: keyrings }),
    suite: options.suite,
    version,
    planOf: planner({ table, actionOf, isUnsigned }),
    contextOf: contextOf({ table, partitionKey, sortKey }),
    required: [...new Set([...keys, ...inContext, ...actions.required])],
    maxEncryptedDataKeys: options.maxEncryptedDataKeys,
    timeout: options.timeout,
  }
}
