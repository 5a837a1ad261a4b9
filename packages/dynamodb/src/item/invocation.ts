import type { Binding, Invocation } from '@glassine/core'
import type { CallBudget } from '@glassine/keys'
import type { Item } from '../attributes/attribute-value.ts'
import type { TableConfig } from '../config/compile.ts'
import { refused } from '../errors.ts'

/** What items need to know of an invocation. `deadline` is at most, and by default, `timeout` ms from now. */
export type ItemInvocation = Pick<Invocation, 'tenant' | 'deadline' | 'opened'> & {
  /** What the request belongs to, for tables whose partition key holds the tenant. */
  readonly binding?: Binding
}

/** For which tenant the keyring works, and until when. */
export const budgetOf = ({ timeout }: TableConfig, invocation: ItemInvocation | undefined): CallBudget => {
  const latest = Date.now() + timeout
  const deadline = Math.min(invocation?.deadline ?? latest, latest)
  return { tenant: invocation?.tenant, deadline: () => deadline }
}

/** Tells the invocation which values of an item must not leave in the clear: of one that is read, or written. */
export const tellOpened = (
  { secretsOf }: TableConfig,
  item: Item,
  invocation: ItemInvocation | undefined,
): void => {
  const { opened } = invocation ?? {}
  if (opened) for (const secret of secretsOf(item)) opened.add(secret)
}

/**
 * Refuses an item or key of another tenant, where the table's partition key holds the tenant: before anything is sent
 * or encrypted, and after anything is read.
 *
 * @throws GlassineError `ERR_OPERATION_REFUSED`
 */
export const checkTenant = (
  config: TableConfig,
  item: Item | undefined,
  invocation: ItemInvocation | undefined,
  operation = 'The operation',
): void => {
  const { partitionKey, tenantKey } = config
  if (tenantKey === undefined || item == null) return
  const tenant = tenantOf(operation, tenantKey, invocation)
  const value = Object.hasOwn(item, partitionKey) ? item[partitionKey] : undefined
  const text = value && 'S' in value ? value.S : undefined
  if (!isKeyOf(tenant, text, tenantKey.prefix))
    throw refused(operation, `${partitionKey} is not that of the call's tenant`, partitionKey)
}

/** Whether a partition key is that of a tenant. */
export const isKeyOf = (tenant: string, text: string | undefined, prefix: string | undefined): boolean =>
  prefix === undefined ? text === tenant : text?.startsWith(`${tenant}${prefix}`) === true

/** The member of the binding that names the tenant of a call. */
export const tenantIn = (
  member: string,
  { binding, tenant }: Pick<ItemInvocation, 'binding' | 'tenant'> = {},
): string | undefined => {
  if (binding && Object.hasOwn(binding, member)) return binding[member]
  // Lambda's own tenant is the member `tenant`, and no other.
  return member === 'tenant' ? tenant : undefined
}

const tenantOf = (
  operation: string,
  { member, prefix }: NonNullable<TableConfig['tenantKey']>,
  invocation: ItemInvocation | undefined,
): string => {
  const tenant = tenantIn(member, invocation)
  if (typeof tenant !== 'string' || tenant === '')
    throw refused(operation, `the call has no ${member}, which the partition key of the table must hold`)
  // With `#`, the key `t-1#x#p-1` would belong to `t-1` and to `t-1#x`.
  if (prefix !== undefined && tenant.includes(prefix))
    throw refused(operation, `the ${member} of the call contains the prefix of the partition key`)
  return tenant
}
