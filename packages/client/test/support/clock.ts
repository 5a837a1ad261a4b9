const withNow = async <T>(at: () => number, work: () => Promise<T>): Promise<T> => {
  const { now } = Date
  Date.now = at
  try {
    return await work()
  } finally {
    Date.now = now
  }
}

/** Advances the clock during some work, for client and service alike unless `who` uses another clock. */
export const clock = <T>(ms: number, work: () => Promise<T>): Promise<T> => {
  const { now } = Date
  return withNow(() => now() + ms, work)
}

/**
 * Stops the clock at a whole second during some work. The times of tokens are in seconds: a session of one second that
 * begins late in a second is over before a slow machine has sent its request.
 */
export const standing = <T>(work: () => Promise<T>): Promise<T> => {
  const second = Math.floor(Date.now() / 1_000) * 1_000
  return withNow(() => second, work)
}
