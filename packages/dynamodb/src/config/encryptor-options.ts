import { type Fields, policyOf } from '@glassine/core'
import {
  anyObject,
  checkedOptions,
  isPlainObject,
  memberNames,
  type OptionSchema,
  oneOf,
  type Rule,
  required,
} from '@glassine/core/internal'
import { type AttributeAction, isAction } from '../attributes/attribute-value.ts'
import { badOption, packageName } from '../errors.ts'
import { type Actions, compileTable, type TableConfig } from './compile.ts'
import {
  type CheckedOptions,
  checkedName,
  checkedNames,
  checkedTableOptions,
  type TableOptions,
  tableRules,
} from './table-options.ts'

/** Options of `itemEncryptorOfActions`. */
export interface ActionOptions extends TableOptions {
  /** What is done with each attribute. Items with an attribute that is neither here nor unsigned are refused. */
  readonly attributeActions: Readonly<Record<string, AttributeAction>>
}

const actionRules: OptionSchema<ActionOptions> = { ...tableRules, attributeActions: required(anyObject) }

/** @throws GlassineError `ERR_OPTION_INVALID` */
export const configOfActions = (options: ActionOptions): TableConfig => {
  const { attributeActions } = checkedOptions(packageName, actionRules, options)
  const option = 'attributeActions'
  const named = new Map<string, AttributeAction>()
  for (const [name, action] of Object.entries(attributeActions)) {
    if (!isAction(action)) throw badOption(option, 'must name actions of the format')
    named.set(checkedName(option, name), action)
  }
  return compileTable(checkedTableOptions(options), { option, named, others: undefined, required: [] })
}

/** Several models in one table, by the text that an item has in `attribute`. No model can be named `attribute`. */
export interface Models {
  /** The attribute that tells the models apart. It is signed and readable; every item must have it. */
  readonly attribute: string
  readonly [model: string]: Fields | string
}

/** Options of `itemEncryptor`: either `fields` or `models` must be given. */
export interface ItemEncryptorOptions extends TableOptions {
  /**
   * The class or policy that declares the fields. An encrypted field encrypts the whole top-level attribute that
   * contains it: `address.street` encrypts `address`. Default: none.
   */
  readonly fields?: Fields
  /**
   * Several models in one table: `{ attribute: 'type', patient: Patient, visit: Visit }`. An item whose `type` is
   * `patient` is a `Patient`; an item that names no model is refused. Default: none.
   */
  readonly models?: Models
  /** Attributes that are only signed, whatever `undeclared` says. The keys need not be listed. Default: none. */
  readonly signOnly?: readonly string[]
  /**
   * Attributes that are signed and readable in the encryption context, which with KMS keyrings is in CloudTrail.
   * Items must have them. The table's keys are added to them. Default: none.
   */
  readonly signAndInclude?: readonly string[]
  /**
   * What is done with attributes that neither the fields nor another option name. `'sign'` (default) leaves them
   * readable, `'encrypt'` encrypts them (list the keys of indexes under `signOnly`), `'error'` refuses the item.
   */
  readonly undeclared?: 'sign' | 'encrypt' | 'error'
}

const others = { sign: 'SIGN_ONLY', encrypt: 'ENCRYPT_AND_SIGN', error: undefined } as const

const names: Rule = ['must be a list of names', Array.isArray]

const rules: OptionSchema<ItemEncryptorOptions> = {
  ...tableRules,
  fields: ['must be fields', (value) => policyOf(value, packageName) !== undefined],
  models: [
    'must be `{ attribute, ... }` with a model for each of its values',
    (value) => isPlainObject(value) && Object.keys(value).length > 1,
  ],
  signOnly: names,
  signAndInclude: names,
  undeclared: oneOf(...Object.keys(others)),
}

/** @throws GlassineError `ERR_OPTION_INVALID`, `ERR_MODEL_INVALID` */
export const configOfFields = (options: ItemEncryptorOptions): TableConfig => {
  const checked = checkedTableOptions(checkedOptions(packageName, rules, options))
  const { fields, models } = options
  if (models !== undefined && fields !== undefined)
    throw badOption('models', 'must not be given together with `fields`')
  if (models !== undefined) return configOfModels(checked, options, models)
  if (fields === undefined) throw badOption('fields', 'must be given; or `models`, for several in one table')
  return compileTable(checked, actionsOf(checked, options, fields))
}

/**
 * Makes a configuration for each model, and a common one for conditions and filters: an attribute that any model
 * encrypts counts as encrypted there.
 */
const configOfModels = (
  checked: CheckedOptions,
  options: ItemEncryptorOptions,
  { attribute: named, ...declared }: Models,
): TableConfig => {
  const attribute = checkedName('models.attribute', named)
  if (checked.isUnsigned(attribute)) throw badOption('models.attribute', 'must not be unsigned')
  const all = new Map<string, AttributeAction>()
  const actionsByKind = new Map<string, Actions>()
  for (const [kind, fields] of Object.entries(declared)) {
    const actions = actionsOf(checked, options, fields as Fields)
    const action = actions.named.get(attribute) ?? 'SIGN_ONLY'
    if (action === 'ENCRYPT_AND_SIGN') throw badOption('models.attribute', `must not be encrypted: ${kind}`)
    const withKind = new Map([...actions.named, [attribute, action]])
    for (const [name, action] of withKind) if (all.get(name) !== 'ENCRYPT_AND_SIGN') all.set(name, action)
    actionsByKind.set(kind, { ...actions, named: withKind })
  }
  const elsewhere = new Set([...all].flatMap(([name, action]) => (action === 'ENCRYPT_AND_SIGN' ? name : [])))
  const kinds = new Map<string, TableConfig>()
  for (const [kind, actions] of actionsByKind)
    kinds.set(kind, compileTable(checked, { ...actions, elsewhere }))
  const union = {
    option: 'fields',
    named: all,
    others: others[options.undeclared ?? 'sign'],
    required: [attribute],
  }
  return {
    ...compileTable(checked, union),
    kindAttribute: attribute,
    kindOf: (item) => {
      const value = Object.hasOwn(item ?? {}, attribute) ? item[attribute] : undefined
      return value && 'S' in value ? kinds.get(value.S) : undefined
    },
  }
}

/** What is done with the attributes of one model's items. */
const actionsOf = (checked: CheckedOptions, options: ItemEncryptorOptions, given: Fields): Actions => {
  const { undeclared = 'sign' } = options
  const { encrypted, fields } = policyOf(given, packageName)
  // A record or list at the root has no named attributes.
  if (encrypted.each) throw badOption('fields', 'must name top-level attributes, not all of them')

  const named = new Map<string, AttributeAction>()
  const add = (option: string, name: string, action: AttributeAction): void => {
    if (named.has(name)) throw badOption(option, `covers an attribute twice: ${name}`)
    named.set(name, action)
  }
  for (const [name] of encrypted.members ?? []) add('fields', checkedName('fields', name), 'ENCRYPT_AND_SIGN')
  const include = checkedNames('signAndInclude', options.signAndInclude)
  for (const name of include) add('signAndInclude', name, 'SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT')
  for (const name of checkedNames('signOnly', options.signOnly)) add('signOnly', name, 'SIGN_ONLY')
  const keyAction = include.length > 0 ? 'SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT' : 'SIGN_ONLY'
  for (const key of [checked.partitionKey, checked.sortKey])
    if (key !== undefined && named.get(key) !== keyAction) add('fields', key, keyAction)
  for (const field of fields)
    if (field.kind === 'authenticated' && checked.isUnsigned(memberNames(field)[0] ?? ''))
      throw badOption('unsigned', `must not cover an authenticated field: ${field.path}`)
  // Masked and authenticated fields are declared as readable ones.
  for (const field of fields) {
    const [name] = memberNames(field)
    if (field.kind !== 'encrypted' && name !== undefined && !named.has(name) && !checked.isUnsigned(name))
      named.set(name, 'SIGN_ONLY')
  }
  const required = (encrypted.members ?? []).flatMap(([name, { optional }]) => (optional ? [] : [name]))
  return { option: 'fields', named, others: others[undeclared], required, fields: encrypted }
}
