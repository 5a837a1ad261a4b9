import type { Binding } from './binding.ts'
import type { OpenedValues } from './opened-values.ts'
import type { Resource } from './resource.ts'

/** The facts of one invocation that envelopes, tables and key material need. Other packages pick from it. */
export interface Invocation {
  /** What the payload is bound to, besides its model and its places. */
  readonly binding: Binding
  /** Lambda's `context.tenantId`, if tenant isolation is on: part of every cache key. Default: none. */
  readonly tenant?: string
  /**
   * When the result becomes useless, in ms since the epoch: no KMS call is retried after it. Default: the `timeout` of
   * the keys from now.
   */
  readonly deadline?: number
  /**
   * What the payload is sealed for; values for one use are refused for any other. `request` and `response`, each
   * optionally followed by `:` and a service's name; `queue:`, `topic:`, `stream:`, `bus:`, `store:` or `state:` and a
   * name. Default: none.
   */
  readonly use?: string
  /** What the request addresses, for formats that bind it. Default: none, if the event has nothing of the kind. */
  readonly resource?: Resource
  /** The sender as both ends know them, for formats that bind it: a token, or a subject. Default: none. */
  readonly sender?: string
  /**
   * Collects what tables decrypt in this invocation, and finds what would leave or be stored in the clear.
   * Default: none.
   */
  readonly opened?: Pick<OpenedValues, 'add' | 'find'>
  /**
   * The principal that sends the request, for formats that limit work by sender. Default: none, if the event
   * names none.
   */
  readonly principal?: string
}
