import type { Engine, SimulatedSession } from './engines.ts'

/** What is simulated. */
export interface Load {
  readonly instances: number
  readonly requestsPerSession: number
  readonly requests: number
}

/** Requests in a second that one instance serves, and how long a user stays. */
export const ratePerInstance = 2
export const sessionSeconds = 300

/** A new session is begun after this time, as the client does before the old one expires. */
const longest = 14 * 60_000

/** A random number generator with the same numbers in every run (mulberry32). */
const numbers = (seed: number) => {
  let state = seed
  return (below: number): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

/**
 * Sends requests evenly in time, each of a random active user to a random
 * instance.
 */
export const simulate = async (load: Load, engine: Engine): Promise<void> => {
  const { instances, requestsPerSession, requests } = load
  const rate = ratePerInstance * instances
  const active = Math.max(1, Math.round((rate * sessionSeconds) / requestsPerSession))
  const below = numbers(7)
  let begun = 0
  // Users are observed in the middle of their activity.
  const begin = (left: number, now: number): { session: SimulatedSession; left: number; since: number } => ({
    session: { id: begun++ },
    left,
    since: now,
  })
  const start = 1_800_000_000_000
  const users = Array.from({ length: active }, () => begin(1 + below(requestsPerSession), start))
  for (let at = 0; at < requests; at++) {
    const now = start + Math.floor((at * 1_000) / rate)
    const which = below(active)
    if (now - users[which]!.since > longest) users[which] = begin(users[which]!.left, now)
    const user = users[which]!
    const done = engine.request(user.session, below(instances), now)
    if (done) await done
    if (--user.left === 0) users[which] = begin(requestsPerSession, now)
  }
}
