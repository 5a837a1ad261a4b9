// What a request says of keys: they must be the configured ones and of the tenant. Also whether it asks for keys only.
import type { Item } from '../attributes/attribute-value.ts'
import { refused } from '../errors.ts'
import { checkTenant, type ItemInvocation } from '../item/invocation.ts'
import { attributesOf } from './checks.ts'
import type { Part } from './client-state.ts'
import { equalitiesIn } from './expression.ts'
import { type EncryptedTable, keyNames, keyOfItem } from './table.ts'

/**
 * Checks the key of a request, or one of a response: with a wrong `partitionKey` or a forgotten `sortKey`, items would
 * be bound to the wrong key and no longer open once the configuration is corrected.
 *
 * @throws GlassineError `ERR_OPERATION_REFUSED` for a key of other attributes than configured, or of another tenant
 */
export const checkKey = (
  operation: string,
  table: EncryptedTable,
  key: Item | undefined,
  invocation: ItemInvocation | undefined,
): void => {
  if (key == null) return
  const expected = keyNames(table.config)
  const given = Object.keys(key)
  if (given.length !== expected.length || !expected.every((name) => Object.hasOwn(key, name)))
    throw refused(operation, `the key is not that of the configuration, which is ${expected.join(' and ')}`)
  checkTenant(table.config, key, invocation, operation)
}

/**
 * Checks where a query or scan starts or stopped. A key of an index has the table's key in it.
 *
 * @throws GlassineError `ERR_OPERATION_REFUSED`
 */
export const checkPageKey = (
  operation: string,
  table: EncryptedTable,
  part: Part,
  key: Item | undefined,
  invocation: ItemInvocation | undefined,
): void => {
  if (key == null) return
  const own = part.IndexName == null ? key : keyOfItem(table.config, key)
  checkKey(operation, table, own, invocation)
}

/**
 * Checks the key condition of a query: on the table itself it names the configured key only, as indexes have keys of
 * their own. Where the partition key holds the tenant, it compares that key for equality with a value of the call's
 * tenant. A scan has no such condition, whatever its input says.
 *
 * @throws GlassineError `ERR_OPERATION_REFUSED`
 */
export const checkKeyCondition = (
  operation: string,
  table: EncryptedTable,
  part: Part,
  invocation: ItemInvocation | undefined,
): void => {
  const expected = keyNames(table.config)
  for (const name of part.IndexName == null ? conditionNames(operation, part) : [])
    if (!expected.includes(name))
      throw refused(
        operation,
        `KeyConditionExpression names ${name}; the key of the configuration is ${expected.join(' and ')}`,
        name,
      )
  const { partitionKey, tenantKey } = table.config
  if (tenantKey === undefined) return
  if (operation === 'Scan')
    throw refused(operation, `a scan reads the rows of every tenant; query by ${partitionKey}`, partitionKey)
  const placeholder = equalitiesIn(part.KeyConditionExpression, part.ExpressionAttributeNames).get(
    partitionKey,
  )
  const values = part.ExpressionAttributeValues ?? {}
  if (placeholder === undefined || !Object.hasOwn(values, placeholder))
    throw refused(
      operation,
      `KeyConditionExpression must have ${partitionKey} = a value of the call's tenant`,
      partitionKey,
    )
  checkTenant(table.config, { [partitionKey]: values[placeholder]! }, invocation, operation)
}

const conditionNames = (operation: string, part: Part): Iterable<string> =>
  attributesOf(operation, 'condition', 'KeyConditionExpression', part)

/**
 * The attributes that a request hands out where it asks for keys alone, which nothing verifies and nothing decrypts:
 * the table's key and what the key condition names. `undefined` where whole items are asked for.
 *
 * @throws GlassineError `ERR_OPERATION_REFUSED` for a projection of anything else, or of a part of the key
 */
export const keysAsked = (
  operation: string,
  table: EncryptedTable,
  part: Part,
): ReadonlySet<string> | undefined => {
  const isProjected = part.ProjectionExpression != null
  if (!isProjected && part.Select !== 'ALL_PROJECTED_ATTRIBUTES') return undefined
  const own = keyNames(table.config)
  const keys = new Set([...own, ...conditionNames(operation, part)])
  if (!isProjected) return keys
  const projected = new Set(attributesOf(operation, 'condition', 'ProjectionExpression', part))
  if (own.every((name) => projected.has(name)) && [...projected].every((name) => keys.has(name)))
    return projected
  throw refused(
    operation,
    `a part of an item cannot be verified; leave ProjectionExpression out, or name the whole key and nothing else: ${own.join(', ')}`,
  )
}

/**
 * Checks what a query or scan selects, and returns it. An index need not hold whole items: asked for all attributes,
 * DynamoDB fetches the rest from the table, or refuses an index for which it cannot do this.
 */
export const checkedSelect = (
  operation: string,
  { Select, IndexName, ProjectionExpression }: Part,
): unknown => {
  if (Select === 'COUNT' || Select === 'ALL_ATTRIBUTES') return Select
  if (Select === 'ALL_PROJECTED_ATTRIBUTES' && IndexName != null) return Select
  if (Select === 'SPECIFIC_ATTRIBUTES' && ProjectionExpression != null) return Select
  if (Select == null)
    return isWidened({ Select, IndexName, ProjectionExpression }) ? 'ALL_ATTRIBUTES' : Select
  throw refused(
    operation,
    'a part of an item cannot be verified; Select must be ALL_ATTRIBUTES or COUNT, or ALL_PROJECTED_ATTRIBUTES for the keys of an index',
  )
}

/** Whether a query or scan of an index says nothing of what it selects: then whole items are meant. */
const isWidened = ({ Select, IndexName, ProjectionExpression }: Part): boolean =>
  Select == null && IndexName != null && ProjectionExpression == null

/** Explains DynamoDB's refusal of the `Select` that {@link checkedSelect} added. */
export const explainedSelect =
  (operation: string, part: Part) =>
  (error: unknown): unknown => {
    const { name, message } = (error ?? {}) as Partial<Error>
    if (!isWidened(part) || name !== 'ValidationException' || !message?.includes('ALL_ATTRIBUTES'))
      return undefined
    return refused(
      operation,
      `the index ${part.IndexName} does not hold whole items; read its keys with Select: 'ALL_PROJECTED_ATTRIBUTES', and then the items by their keys`,
    )
  }
