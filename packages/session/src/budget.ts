import { checkedOptions, type OptionSchema, required } from '@glassine/core/internal'
import type { SenderBudgetOptions } from '@glassine/keys'
import { budgetSchema, type SenderBudget, senderBudget } from '@glassine/keys/internal'
import { packageName } from './errors.ts'

/** How many sessions one sender may begin in this process, counting those that cost a KMS call. */
export interface BudgetOptions extends Pick<SenderBudgetOptions, 'refusals' | 'window'> {
  /** Sessions in a window. */
  readonly sessions: number
}

const { calls, ...others } = budgetSchema

const schema: OptionSchema<BudgetOptions> = { sessions: required(calls), ...others }

/**
 * The budgets of senders, in sessions.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`
 */
export const sessionBudget = (
  options: BudgetOptions | false | undefined,
  now: () => number,
): SenderBudget => {
  if (!options) return senderBudget(packageName, options, now)
  const { sessions, refusals, window } = checkedOptions(packageName, schema, options, 'budget')
  return senderBudget(packageName, { calls: sessions, refusals, window }, now)
}
