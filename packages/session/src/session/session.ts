import { maxSessionSeals } from '@glassine/core/internal'
import type { SessionKeys } from './key-set.ts'

/** A session as it is kept: its keys, its end, and what was sealed in it here. */
export interface Session {
  readonly keys: SessionKeys
  /** Whom it was meant for, as its header says. */
  readonly audience: string
  /** ms since the epoch. */
  readonly expires: number
  /** Whether the device has a ticket already. */
  readonly byTicket: boolean
  /** Values sealed under the response key, in this process. */
  seals: number
}

/** Whether a session's response key may seal so many values more. */
export const maySeal = ({ seals }: Session, more = 1): boolean => seals + more <= maxSessionSeals
