import type { Binding } from './binding.ts'

/** The facts of one invocation that envelopes, tables and key material need. Other packages take picks of it. */
export interface Invocation {
  readonly binding: Binding
  /** Lambda's `context.tenantId`, where tenant isolation is on: part of every cache key. */
  readonly tenant?: string
  /** When the result is no longer of use, in ms since the epoch: no call of KMS is retried after it. */
  readonly deadline?: number
  /**
   * The request's method and route template, `POST /patients/{id}`, for formats that bind them. Absent where the
   * event has none, as between functions.
   */
  readonly route?: string
  /** Who sends the request, for formats that limit work by sender. Absent where the event does not tell. */
  readonly principal?: string
}
