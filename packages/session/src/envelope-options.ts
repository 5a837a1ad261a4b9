import {
  anyFunction,
  anyObject,
  bundleMemberOf,
  checkedOptions,
  flag,
  integer,
  maxSessionAge,
  methods,
  type OptionSchema,
  required,
  sessionMember,
  shapeOptions,
  text,
} from '@glassine/core/internal'
import type { KeyMaterial } from '@glassine/keys'
import { budgetRule } from '@glassine/keys/internal'
import { type BudgetOptions, sessionBudget } from './budget.ts'
import { packageName } from './errors.ts'
import { type Recipient, recipientsOf, recipientsRule } from './recipients/recipient.ts'
import { type RecipientKeys, recipientKeys } from './recipients/recipient-keys.ts'
import type { ReplayStore } from './replay.ts'
import { type Sessions, sessionsOf } from './session/sessions.ts'
import type { TokenRules } from './session-token.ts'
import { type Tickets, ticketsOf } from './ticket.ts'

/** Options of {@link sessionEnvelope}; times in ms. */
export interface SessionEnvelopeOptions {
  /**
   * One or several holders of the private keys that devices encrypt to. After a rotation keep the old one listed until
   * the longest session to it has ended.
   */
  readonly recipients: Recipient | readonly Recipient[]
  /** The audience that a session must name, for example the service's origin; one or several. */
  readonly audience: string | readonly string[]
  /** `'field'` (default): a token in each field's place. `'bundle'`: one for all fields, in a member of the root. */
  readonly shape?: 'field' | 'bundle'
  /** The member that holds the bundle. Default `'sealed'`. */
  readonly bundleMember?: string
  /** The longest life of a session. Default 900,000, the maximum. */
  readonly maxAge?: number
  /** How far a device's clock may be off. Default 60,000, at most 300,000. */
  readonly clockTolerance?: number
  /** The longest session JWE or ticket, in characters. Default 8,192. */
  readonly maxTokenBytes?: number
  /**
   * Key material that all instances share. Responses then carry a ticket, with which the next instance opens the
   * session without calling the recipient. The keyring must not need a binding. Default: no tickets.
   */
  readonly ticketKeys?: KeyMaterial
  /** Refuses a request that was received before. Default: replays are not detected. */
  readonly replay?: ReplayStore
  /** Whether `replay` covers GET and HEAD too, at one write for each read. Default `false`. */
  readonly replayReads?: boolean
  /**
   * How many sessions that cost a KMS call one sender may begin, and how many of them may be refused. The sender is the
   * `principal` of `decryptRequest`; a budget that is named here counts senders without one by their binding. `false`:
   * no limit. Default: 120 sessions and 10 refusals in 60,000 ms, of each principal.
   */
  readonly budget?: BudgetOptions | false
  /** Pads each value to a multiple of `bucket` bytes, 1 to 65,536, before it is encrypted. Default: no padding. */
  readonly padding?: { readonly bucket: number }
  /** How long an opened session is cached, at most until it ends. Default 900,000; 0 caches none. */
  readonly cacheExpiry?: number
  /** How many opened sessions are cached. Default 1,000. */
  readonly cacheMaxEntries?: number
  /** How long a refused session is remembered. Default 5,000; 0 remembers none. */
  readonly cacheRefusals?: number
  /** The longest wait for a key; a request's deadline can only shorten it. Default 10,000. */
  readonly timeout?: number
  /** The clock, ms since the epoch. Default `Date.now`; for tests. */
  readonly now?: () => number
}

const isText = text[1]

const schema: OptionSchema<SessionEnvelopeOptions> = {
  recipients: required(recipientsRule),
  audience: [
    'must be a non-empty string or an array of them',
    (value) => (Array.isArray(value) ? value.length > 0 && value.every(isText) : isText(value)),
    true,
  ],
  ...shapeOptions,
  maxAge: integer(1_000, maxSessionAge),
  clockTolerance: integer(0, 300_000),
  maxTokenBytes: integer(512, 1_000_000),
  ticketKeys: methods('encryptionKey', 'decryptionKey'),
  replay: methods('spend'),
  replayReads: flag,
  budget: budgetRule,
  padding: anyObject,
  cacheExpiry: integer(0, maxSessionAge),
  cacheMaxEntries: integer(1, 1_000_000),
  cacheRefusals: integer(0, maxSessionAge),
  timeout: integer(1),
  now: anyFunction,
}

/**
 * Checks all options.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`, with the option's name
 */
export const checkedEnvelopeOptions = (options: SessionEnvelopeOptions): CheckedEnvelopeOptions => {
  const {
    recipients,
    audience,
    shape,
    bundleMember,
    maxAge = maxSessionAge,
    clockTolerance = 60_000,
    maxTokenBytes = 8_192,
    ticketKeys,
    replay,
    replayReads = false,
    budget,
    padding,
    cacheExpiry: expiry = maxSessionAge,
    cacheMaxEntries: maxEntries = 1_000,
    cacheRefusals: refusals = 5_000,
    timeout = 10_000,
    now = Date.now,
  } = checkedOptions(packageName, schema, options)
  const bucket =
    padding &&
    checkedOptions(packageName, { bucket: required(integer(1, 65_536)) }, padding, 'padding').bucket
  const tickets = ticketKeys && ticketsOf(ticketKeys, now)
  const keys = recipientKeys(recipientsOf(recipients))
  const rules = {
    audiences: typeof audience === 'string' ? [audience] : [...audience],
    maxAge,
    clockTolerance,
    maxTokenBytes,
    now,
    tickets: tickets !== undefined,
  }
  return {
    keys,
    rules,
    sessions: sessionsOf({
      keys,
      rules,
      cache: { expiry, maxEntries, refusals, timeout, now },
      tickets,
      budget: sessionBudget(budget, now),
    }),
    tickets,
    replay,
    replayReads,
    bundleMember: bundleMemberOf(packageName, { shape, bundleMember }, sessionMember),
    padding: bucket,
    timeout,
    now,
  }
}

/** The checked options of one envelope, and the caches and stores made from them. */
export interface CheckedEnvelopeOptions {
  readonly keys: RecipientKeys
  readonly rules: TokenRules
  readonly sessions: Sessions
  readonly tickets?: Tickets
  readonly replay?: ReplayStore
  readonly replayReads: boolean
  /** The member that holds the bundle; absent in the field shape. */
  readonly bundleMember?: string
  /** Plaintexts are padded to a multiple of this many bytes. */
  readonly padding?: number
  /** The longest wait for a key, in ms. */
  readonly timeout: number
  readonly now: () => number
}
