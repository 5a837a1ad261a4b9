import { optionError } from '@glassine/core'
import { checkedBundleMember } from '@glassine/core/bundle'
import { keyMember, maxSessionAge } from '@glassine/core/session'
import type { KeyMaterial } from '@glassine/keys'
import { type BudgetOptions, budgetOf } from './budget.ts'
import type { CarrierRules } from './carrier.ts'
import { from } from './errors.ts'
import { functionOption, integerOption, knownOptions, methodsOption } from './options.ts'
import { knownKeys } from './recipients/known-keys.ts'
import { checkedRecipients, type Recipient } from './recipients/recipient.ts'
import type { ReplayStore } from './replay.ts'
import { sessionsOf } from './session/sessions.ts'
import type { Settings } from './settings.ts'
import { ticketsOf } from './ticket.ts'

/** Options of {@link sessionEnvelope}; times in ms. */
export interface SessionEnvelopeOptions {
  /**
   * Whoever holds the private keys that devices encrypt to. An old one stays listed until the longest session to it
   * has ended.
   */
  readonly recipient: Recipient | readonly Recipient[]
  /** What sessions must name as their audience, the service's own origin for example; one or several. */
  readonly audience: string | readonly string[]
  /** `'field'` (default): a token in each field's place. `'bundle'`: one for all fields, in a member of the root. */
  readonly shape?: 'field' | 'bundle'
  /** The member that holds the bundle. Default `'sealed'`. */
  readonly bundleMember?: string
  /** The longest life of a session. Default, and at most, 900,000. */
  readonly maxAge?: number
  /** How far a device's clock may be off. Default 60,000, at most 300,000. */
  readonly clockTolerance?: number
  /** The longest session JWE or ticket, in characters. Default 8,192. */
  readonly maxTokenBytes?: number
  /**
   * Key material that all instances share: answers then carry a ticket, with which the session costs the next instance
   * no call of the recipient. Its keyring must need no binding. Default: no tickets.
   */
  readonly ticket?: KeyMaterial
  /** Refuses payloads that were received before. Default: none. */
  readonly replay?: ReplayStore
  /** How many sessions that cost a call one sender may begin. Default: no limit. */
  readonly budget?: BudgetOptions
  /** Pads values to multiples of `bucket` bytes before they are sealed, 1 to 65,536. Default: no padding. */
  readonly padding?: { readonly bucket: number }
  /** How long an opened session is kept, at most to its end. Default 900,000; 0 keeps none. */
  readonly cacheExpiry?: number
  /** How many opened sessions are kept. Default 1,000. */
  readonly cacheMaxEntries?: number
  /** How long a refused session is remembered. Default 5,000; 0: not at all. */
  readonly cacheRefusals?: number
  /** The longest wait for a key; a request's own deadline can only shorten it. Default 10,000. */
  readonly timeout?: number
  /** The clock, ms since the epoch. Default `Date.now`; for tests. */
  readonly now?: () => number
}

const known = [
  'recipient',
  'audience',
  'shape',
  'bundleMember',
  'maxAge',
  'clockTolerance',
  'maxTokenBytes',
  'ticket',
  'replay',
  'budget',
  'padding',
  'cacheExpiry',
  'cacheMaxEntries',
  'cacheRefusals',
  'timeout',
  'now',
] as const satisfies readonly (keyof SessionEnvelopeOptions)[]

const longest = maxSessionAge * 1_000

/**
 * Checks all options.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`, with the option's name
 */
export const checkedSettings = (options: SessionEnvelopeOptions): Settings => {
  knownOptions(options, known)
  const { ticket, replay, padding } = options
  const keys = knownKeys(checkedRecipients('recipient', options.recipient))
  const now = functionOption('now', options.now, Date.now)
  if (ticket !== undefined) methodsOption('ticket', ticket, ['encryptionKey', 'decryptionKey'])
  if (replay !== undefined) methodsOption('replay', replay, ['spend'])
  const timeout = integerOption('timeout', options.timeout, 10_000, 1, Number.MAX_SAFE_INTEGER)
  const tickets = ticket && ticketsOf(ticket, now)
  const rules: CarrierRules = {
    audiences: checkedAudiences(options.audience),
    maxAge: integerOption('maxAge', options.maxAge, longest, 1_000, longest),
    clockTolerance: integerOption('clockTolerance', options.clockTolerance, 60_000, 0, 300_000),
    maxTokenBytes: integerOption('maxTokenBytes', options.maxTokenBytes, 8_192, 512, 1_000_000),
    now,
    tickets: tickets !== undefined,
  }
  const cache = {
    expiry: integerOption('cacheExpiry', options.cacheExpiry, longest, 0, longest),
    maxEntries: integerOption('cacheMaxEntries', options.cacheMaxEntries, 1_000, 1, 1_000_000),
    refusals: integerOption('cacheRefusals', options.cacheRefusals, 5_000, 0, longest),
    timeout,
    now,
  }
  const budget = budgetOf(options.budget, now)
  return {
    sessions: sessionsOf({ keys, rules, cache, tickets, budget }),
    tickets,
    replay,
    bundleMember: bundleMemberOf(options),
    padding: padding === undefined ? undefined : bucketOf(padding),
    timeout,
    now,
  }
}

const checkedAudiences = (value: unknown): readonly string[] => {
  const audiences: readonly unknown[] = Array.isArray(value) ? [...value] : [value]
  if (audiences.length === 0 || !audiences.every((one) => typeof one === 'string' && one !== ''))
    throw optionError(from, 'audience', 'must be a text, or several')
  return audiences as readonly string[]
}

const bundleMemberOf = ({ shape = 'field', bundleMember }: SessionEnvelopeOptions): string | undefined => {
  if (shape !== 'field' && shape !== 'bundle') throw optionError(from, 'shape', "must be 'field' or 'bundle'")
  if (shape === 'field') {
    if (bundleMember !== undefined) throw optionError(from, 'bundleMember', "needs the shape 'bundle'")
    return undefined
  }
  const name = checkedBundleMember(bundleMember, from)
  if (name === keyMember) throw optionError(from, 'bundleMember', 'must be another than that of the keys')
  return name
}

const bucketOf = (padding: { readonly bucket: number }): number => {
  knownOptions(padding, ['bucket'])
  if (padding.bucket === undefined) throw optionError(from, 'bucket', 'must be given')
  return integerOption('bucket', padding.bucket, 1, 1, 65_536)
}
