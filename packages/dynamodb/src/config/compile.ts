import type { PathNode } from '@glassine/core'
import { mustStay, visitChildren } from '@glassine/core/internal'
import { type Keyring, multiKeyring } from '@glassine/keys'
import type { AttributeAction, Item } from '../attributes/attribute-value.ts'
import { type AttributePlan, planner } from '../attributes/plan.ts'
import { badOption } from '../errors.ts'
import { contextOf } from '../format/encryption-context.ts'
import type { Suite } from '../format/header.ts'
import type { CheckedOptions } from './table-options.ts'

/** A table's options, checked and compiled: what encrypting and decrypting an item work from. */
export interface TableConfig {
  readonly partitionKey: string
  readonly sortKey?: string
  /** The member of the binding that the partition key holds, and what follows it in a composite key. */
  readonly tenantKey?: { readonly member: string; readonly prefix?: string }
  /** The attribute that names an item's model, where a table has several. */
  readonly kindAttribute?: string
  /**
   * The configuration for the model that an item names, or `undefined`. This configuration, if the table has one
   * model.
   */
  readonly kindOf: (item: Item) => TableConfig | undefined
  /**
   * Whether a model declares the fields. Then a declared field in the clear is an error, except in a mode that reads
   * plaintext.
   */
  readonly declared: boolean
  /** The values of an item, before it is encrypted or after, that must not leave in the clear. */
  readonly secretsOf: (item: Item) => readonly unknown[]
  /** One for each recipient of new items. */
  readonly keyrings: readonly Keyring[]
  /** All of them as one, which opens what any of them wrapped. */
  readonly reader: Keyring
  /** The suite of new items; both are read. */
  readonly suite: Suite
  /** The version of new items: 2 if the configuration puts attributes into the encryption context. */
  readonly version: 1 | 2
  readonly planOf: (name: string) => AttributePlan
  /** Whether the configuration gives an attribute by its name. */
  readonly isNamed: (name: string) => boolean
  /** Whether an attribute would be readable in this model's items although another model of the table encrypts it. */
  readonly isClearHereOnly: (name: string) => boolean
  readonly contextOf: ReturnType<typeof contextOf>
  /** Attributes that an item must have to be encrypted. */
  readonly required: readonly string[]
  readonly maxEncryptedDataKeys: number
  /** ms */
  readonly timeout: number
}

/** What is done with each attribute; made from explicit actions or from a declaration of fields. */
export interface Actions {
  /** The option that the errors name. */
  readonly option: string
  /** Attributes that the configuration names. */
  readonly named: ReadonlyMap<string, AttributeAction>
  /** What is done with attributes that it does not name; `undefined`: they are refused. */
  readonly others: AttributeAction | undefined
  /** What the models of a table encrypt, all of them together. */
  readonly elsewhere?: ReadonlySet<string>
  /** Attributes that items must have, in addition to the keys and those in the encryption context. */
  readonly required: readonly string[]
  /** The declared fields, where a model has some. */
  readonly fields?: PathNode
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
    if (named.get(key) !== keyAction) throw badOption(option, `must give the table's keys ${keyAction}`)
  for (const [name, action] of named)
    if ((action === 'DO_NOTHING') !== isUnsigned(name))
      throw badOption(option, `contradicts the unsigned attributes: ${name}`)

  const actionOf = (name: string): AttributeAction | undefined =>
    isUnsigned(name) ? 'DO_NOTHING' : (named.get(name) ?? others)
  const declared = new Map(actions.fields?.members)
  const config: TableConfig = {
    partitionKey,
    sortKey,
    ...(options.tenantKey !== undefined && { tenantKey: options.tenantKey }),
    declared: option === 'fields',
    secretsOf: (item) => secretsOf(declared, item, actionOf),
    keyrings,
    reader: keyrings.length === 1 ? keyrings[0]! : multiKeyring({ children: keyrings }),
    suite: options.suite,
    version,
    isNamed: (name) => named.has(name) || isUnsigned(name),
    isClearHereOnly: (name) =>
      actions.elsewhere?.has(name) === true && !named.has(name) && actionOf(name) !== 'ENCRYPT_AND_SIGN',
    planOf: planner({ table, actionOf, isUnsigned }),
    contextOf: contextOf({ table, partitionKey, sortKey }),
    required: [...new Set([...keys, ...inContext, ...actions.required])],
    maxEncryptedDataKeys: options.maxEncryptedDataKeys,
    timeout: options.timeout,
    kindOf: () => config,
  }
  return config
}

/** The values of declared fields, and those of encrypted attributes without a declared field in them. */
const secretsOf = (
  declared: ReadonlyMap<string, PathNode>,
  item: Item,
  actionOf: (name: string) => AttributeAction | undefined,
): readonly unknown[] => {
  const found: unknown[] = []
  for (const name of Object.keys(item)) {
    const node = declared.get(name)
    if (node) collectSecrets(item, name, node, found)
    else if (actionOf(name) === 'ENCRYPT_AND_SIGN') found.push(item[name])
  }
  return found
}

const collectSecrets = (container: Item, name: string, node: PathNode, found: unknown[]): void => {
  const value = Object.hasOwn(container, name) ? container[name] : undefined
  if (value === undefined) return
  // An item to be written in the clear may hold anything, which an error of V8 would quote.
  if (typeof value !== 'object' || value === null) {
    found.push(value)
    return
  }
  const { field, each } = node
  if (field) {
    if (mustStay(field)) found.push(value)
    return
  }
  const inside = each?.kind === 'array' ? 'L' in value && value.L : 'M' in value && value.M
  if (inside) visitChildren(node, inside as unknown as Item, collectSecrets, found, undefined)
  // In a value of another shape than declared the secrets may be anywhere.
  else found.push(value)
}
