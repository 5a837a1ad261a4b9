import { GlassineError, type Invocation } from '@glassine/core'
import { checkedOptions, integer, type OptionSchema, type Rule } from '@glassine/core/internal'
import { boundedMap } from './bounded-map.ts'
import { fixedLengthId } from './fixed-length.ts'

/** How much work one sender may cause in this process, in windows of fixed length. */
export interface SenderBudgetOptions {
  /** Calls for keys or sessions that are not cached. Default 120. */
  readonly calls?: number
  /** Refusals of what such a call was made for; after them the sender makes no more calls. Default 10. */
  readonly refusals?: number
  /** Length of a window, in ms. Default 60,000. */
  readonly window?: number
}

/** The check of an option `budget`: its members are checked by {@link senderBudget}. */
export const budgetRule: Rule = [
  'must be false or an object',
  (value) => value === false || (typeof value === 'object' && value !== null && !Array.isArray(value)),
]

/** The rules of its members. */
export const budgetSchema: OptionSchema<SenderBudgetOptions> = {
  calls: integer(1, 1_000_000),
  refusals: integer(1, 1_000_000),
  window: integer(1, 86_400_000),
}

/** What a sender has spent of his budget. */
export interface SenderAccount {
  /** Counts one call. @throws GlassineError `ERR_BUDGET_EXCEEDED` */
  spend(): void
  /** Counts one refusal. */
  refused(): void
}

/** Finds the account of a sender; `undefined` for one who has no limit. */
export type SenderBudget = (
  invocation: Pick<Invocation, 'principal' | 'binding' | 'tenant'>,
) => SenderAccount | undefined

/** How many senders are remembered, of those who have something left and of those who have nothing. */
const maxSenders = 10_000

interface Window {
  readonly since: number
  calls: number
  refusals: number
}

/**
 * The budgets of all senders in this process. The sender is the principal; a budget that the options name counts those
 * without one too, by their binding. Senders are apart for each tenant of Lambda, and remembered by their hashes. Those
 * who have spent all are remembered apart, so that others, however many, do not push them out while they still may
 * spend.
 *
 * @param packageName - the package that errors name
 * @param options - `undefined`: the defaults, for principals alone; `false`: no limit
 * @throws GlassineError `ERR_OPTION_INVALID`
 */
export const senderBudget = (
  packageName: string,
  options: SenderBudgetOptions | false | undefined,
  now: () => number,
): SenderBudget => {
  if (options === false) return () => undefined
  const {
    calls = 120,
    refusals = 10,
    window: length = 60_000,
  } = checkedOptions(packageName, budgetSchema, options ?? {}, 'budget')
  const spending = boundedMap<Window>(maxSenders)
  const spent = boundedMap<Window>(maxSenders)
  const isSpent = (window: Window): boolean => window.calls >= calls || window.refusals >= refusals

  const current = (sender: string): Window | undefined => {
    const window = spent.get(sender) ?? spending.get(sender)
    if (window === undefined) return undefined
    const age = now() - window.since
    // A window that begins in the future is dropped: the clock was set back, and the window would last too long.
    if (age >= 0 && age < length) return window
    spent.delete(sender)
    spending.delete(sender)
    return undefined
  }

  const count = (sender: string, window: Window): void => {
    if (isSpent(window)) {
      spending.delete(sender)
      spent.set(sender, window)
    } else if (spending.get(sender) !== window) spending.set(sender, window)
  }

  return ({ principal, binding, tenant }) => {
    if (principal === undefined && options === undefined) return undefined
    let sender: string | undefined
    const senderOf = (): string => {
      sender ??= fixedLengthId(JSON.stringify([tenant, principal ?? Object.entries(binding).sort()]))
      return sender
    }
    const windowOf = (): Window => current(senderOf()) ?? { since: now(), calls: 0, refusals: 0 }
    return {
      spend() {
        const window = windowOf()
        if (isSpent(window)) throw new GlassineError('ERR_BUDGET_EXCEEDED', { package: packageName })
        window.calls++
        count(senderOf(), window)
      },
      refused() {
        const window = windowOf()
        window.refusals++
        count(senderOf(), window)
      },
    }
  }
}
