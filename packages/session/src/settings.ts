import type { ContextOf } from './fields/contexts.ts'
import type { ReplayStore } from './replay.ts'
import type { Sessions } from './session/sessions.ts'
import type { Tickets } from './ticket.ts'

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
