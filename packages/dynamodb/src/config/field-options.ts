import { type Fields, policyOf } from '@glassine/core'
import { optionError } from '@glassine/core/internal'
import type { AttributeAction } from '../attributes/actions.ts'
import { packageName } from '../errors.ts'
import { compileTable } from './compile.ts'
import {
  checkedName,
  checkedNames,
  checkedTableOptions,
  checkKnown,
  type TableOptions,
  tableOptionNames,
} from './options.ts'
import type { TableConfig } from './table-config.ts'

/** Options of `itemEncryptor`. */
export interface ItemEncryptorOptions extends TableOptions {
  /**
   * The class or policy that declares the fields. A sealed field encrypts the whole top-level attribute that it
   * stands in: `address.street` encrypts `address`.
   */
  readonly fields: Fields
  /** Attributes that are only signed, where `undeclared` would say otherwise. The keys need not be listed. */
  readonly signOnly?: readonly string[]
  /**
   * Attributes that are signed and stand readable in the encryption context: with KMS keyrings also in CloudTrail.
   * Items must have them. The table's keys join them.
   */
  readonly signAndInclude?: readonly string[]
  /**
   * What is done with attributes that neither the fields nor another option name. `'sign'` (default) leaves them
   * readable, `'encrypt'` encrypts them (list the keys of indexes under `signOnly`), `'error'` refuses the item.
   */
  readonly undeclared?: 'sign' | 'encrypt' | 'error'
}

const others = { sign: 'SIGN_ONLY', encrypt: 'ENCRYPT_AND_SIGN', error: undefined } as const

/** @throws GlassineError `ERR_OPTION_INVALID`, `ERR_MODEL_INVALID` */
export const configOfFields = (options: ItemEncryptorOptions): TableConfig => {
  checkKnown(options, [...tableOptionNames, 'fields', 'signOnly', 'signAndInclude', 'undeclared'])
  const checked = checkedTableOptions(options)
  const { undeclared = 'sign' } = options
  if (!Object.hasOwn(others, undeclared))
    throw optionError(packageName, 'undeclared', "must be 'sign', 'encrypt' or 'error'")
  const { encrypted, fields } = policyOf(options.fields, packageName)
  // A record or list at the root has no attributes that could be told apart.
  if (encrypted.each)
    throw optionError(packageName, 'fields', 'must name top-level attributes, not all of them')

  const named = new Map<string, AttributeAction>()
  const add = (option: string, name: string, action: AttributeAction): void => {
    if (named.has(name)) throw optionError(packageName, option, `covers an attribute twice: ${name}`)
    named.set(name, action)
  }
  for (const [name] of encrypted.members ?? []) add('fields', checkedName('fields', name), 'ENCRYPT_AND_SIGN')
  const include = checkedNames('signAndInclude', options.signAndInclude)
  for (const name of include) add('signAndInclude', name, 'SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT')
  for (const name of checkedNames('signOnly', options.signOnly)) add('signOnly', name, 'SIGN_ONLY')
  const keyAction = include.length > 0 ? 'SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT' : 'SIGN_ONLY'
  for (const key of [checked.partitionKey, checked.sortKey])
    if (key !== undefined && named.get(key) !== keyAction) add('fields', key, keyAction)
  // Masked fields are declared as readable ones.
  for (const { kind, path } of fields) {
    const name = topLevel(path)
    if (kind === 'masked' && name !== undefined && !named.has(name) && !checked.isUnsigned(name))
      named.set(name, 'SIGN_ONLY')
  }
  const required = (encrypted.members ?? []).flatMap(([name, { optional }]) => (optional ? [] : [name]))
  return compileTable(checked, { option: 'fields', named, others: others[undeclared], required })
}

/** The attribute that a template path starts in; `undefined` for a wildcard. */
const topLevel = (path: string): string | undefined => {
  const first = path.split('/')[1]!
  return first === '*' ? undefined : first.replaceAll('~2', '*').replaceAll('~1', '/').replaceAll('~0', '~')
}
