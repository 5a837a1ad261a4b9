import { optionError } from '@glassine/core/internal'
import { type AttributeAction, isAction } from '../attributes/actions.ts'
import { packageName } from '../errors.ts'
import { compileTable } from './compile.ts'
import {
  checkedName,
  checkedTableOptions,
  checkKnown,
  type TableOptions,
  tableOptionNames,
} from './options.ts'
import type { TableConfig } from './table-config.ts'

/** Options of `itemEncryptorOfActions`. */
export interface ActionOptions extends TableOptions {
  /** What is done with each attribute. Items with an attribute that is neither here nor unsigned are refused. */
  readonly attributeActions: Readonly<Record<string, AttributeAction>>
}

/** @throws GlassineError `ERR_OPTION_INVALID` */
export const configOfActions = (options: ActionOptions): TableConfig => {
  checkKnown(options, [...tableOptionNames, 'attributeActions'])
  const { attributeActions } = options
  const option = 'attributeActions'
  if (typeof attributeActions !== 'object' || attributeActions === null)
    throw optionError(packageName, option, 'must be an object from attribute to action')
  const named = new Map<string, AttributeAction>()
  for (const [name, action] of Object.entries(attributeActions)) {
    if (!isAction(action)) throw optionError(packageName, option, 'must name actions of the format')
    named.set(checkedName(option, name), action)
  }
  return compileTable(checkedTableOptions(options), { option, named, others: undefined, required: [] })
}
