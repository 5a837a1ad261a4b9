import type { Invocation } from '@glassine/core'
import { checkedOptions, integer, type OptionSchema, required } from '@glassine/core/internal'
import { fault, packageName } from './errors.ts'

/** How many sessions one sender may begin here, counted where each costs a call of KMS. */
export interface BudgetOptions {
  /** Sessions in a window. */
  readonly sessions: number
  /** Length of the window, in ms. Default 60,000. */
  readonly window?: number
}

/** The budgets of all senders, in this process. */
export interface Budget {
  /** @throws GlassineError `ERR_BUDGET_EXCEEDED` */
  check(invocation: Invocation): void
  /** Counts one call. @throws GlassineError `ERR_BUDGET_EXCEEDED` */
  spend(invocation: Invocation): void
}

const schema: OptionSchema<BudgetOptions> = {
  sessions: required(integer(1, 1_000_000)),
  window: integer(1, 86_400_000),
}

/** Senders that are remembered: the one that was seen first goes when there are more. */
const maxSenders = 10_000

/** Who sends: the principal where the caller names one, and the binding otherwise; of each of Lambda's tenants. */
const senderOf = ({ principal, binding, tenant }: Invocation): string =>
  JSON.stringify([tenant, principal ?? Object.entries(binding).sort()])

/**
 * Counts calls by sender in fixed windows.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`
 */
export const budgetOf = (options: BudgetOptions | undefined, now: () => number): Budget | undefined => {
  if (options === undefined) return undefined
  const { sessions: most, window = 60_000 } = checkedOptions(packageName, schema, options, 'budget')
  const senders = new Map<string, { since: number; count: number }>()

  const current = (sender: string) => {
    const known = senders.get(sender)
    const at = now()
    // A clock that was set back would keep a window open for longer than declared.
    if (known && at >= known.since && at - known.since < window) return known
    senders.delete(sender)
    return undefined
  }
  const refuse = (spent: { count: number } | undefined): void => {
    if (spent !== undefined && spent.count >= most) throw fault('ERR_BUDGET_EXCEEDED')
  }
  return {
    check: (invocation) => refuse(current(senderOf(invocation))),
    spend(invocation) {
      const sender = senderOf(invocation)
      const spent = current(sender)
      refuse(spent)
      if (spent) spent.count++
      else {
        if (senders.size >= maxSenders) senders.delete(senders.keys().next().value!)
        senders.set(sender, { since: now(), count: 1 })
      }
    },
  }
}
