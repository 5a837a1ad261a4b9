import type { Invocation } from '@glassine/core'
import type { CallBudget } from '@glassine/keys'
import type { TableConfig } from '../config/table-config.ts'

/** What items need of an invocation. The default of `deadline`, and its latest value, is `timeout` ms from now. */
export type ItemInvocation = Pick<Invocation, 'tenant' | 'deadline'>

/** For whom the keyring works, and until when. */
export const budgetOf = ({ timeout }: TableConfig, invocation: ItemInvocation | undefined): CallBudget => {
  const latest = Date.now() + timeout
  const deadline = Math.min(invocation?.deadline ?? latest, latest)
  return { tenant: invocation?.tenant, deadline: () => deadline }
}
