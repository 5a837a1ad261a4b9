import {
  anyFunction,
  anyObject,
  bundleMemberOf,
  checkedOptions,
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
import { type BudgetOptions, budgetOf } from './budget.ts'
import { packageName } from './errors.ts'
import { type ContextOf, contextHashes } from './fields/contexts.ts'
import { knownKeys } from './recipients/known-keys.ts'
import { type Recipient, recipientsOf, recipientsRule } from './recipients/recipient.ts'
import type { ReplayStore } from './replay.ts'
import { type Sessions, sessionsOf } from './session/sessions.ts'
import { type Tickets, ticketsOf } from './ticket.ts'

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

const isText = text[1]

const schema: OptionSchema<SessionEnvelopeOptions> = {
  recipient: required(recipientsRule),
  audience: [
    'must be a string that is not empty, or an array of such',
    (value) => (Array.isArray(value) ? value.length > 0 && value.every(isText) : isText(value)),
    true,
  ],
  ...shapeOptions,
  maxAge: integer(1_000, maxSessionAge),
  clockTolerance: integer(0, 300_000),
  maxTokenBytes: integer(512, 1_000_000),
  ticket: methods('encryptionKey', 'decryptionKey'),
  replay: methods('spend'),
  budget: anyObject,
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
export const checkedSettings = (options: SessionEnvelopeOptions): Settings => {
  const {
    recipient,
    audience,
    shape,
    bundleMember,
    maxAge = maxSessionAge,
    clockTolerance = 60_000,
    maxTokenBytes = 8_192,
    ticket,
    replay,
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
  const tickets = ticket && ticketsOf(ticket, now)
  return {
    sessions: sessionsOf({
      keys: knownKeys(recipientsOf(recipient)),
      rules: {
        audiences: typeof audience === 'string' ? [audience] : [...audience],
        maxAge,
        clockTolerance,
        maxTokenBytes,
        now,
        tickets: tickets !== undefined,
      },
      cache: { expiry, maxEntries, refusals, timeout, now },
      tickets,
      budget: budgetOf(budget, now),
    }),
    contextOf: contextHashes(),
    tickets,
    replay,
    bundleMember: bundleMemberOf(packageName, { shape, bundleMember }, sessionMember),
    padding: bucket,
    timeout,
    now,
  }
}

/** An envelope's checked options, and what it keeps. */
export interface Settings {
  readonly sessions: Sessions
  readonly contextOf: ContextOf
  readonly tickets?: Tickets
  readonly replay?: ReplayStore
  /** The member that holds a bundle; the field shape has none. */
  readonly bundleMember?: string
  /** Plaintexts are padded to multiples of so many bytes. */
  readonly padding?: number
  /** Longest wait for a key, ms. */
  readonly timeout: number
  readonly now: () => number
}
