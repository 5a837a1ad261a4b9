/** Lets some time pass, for the work given, client and service alike unless `who` looks at another clock. */
export const clock = async <T>(ms: number, work: () => Promise<T>): Promise<T> => {
  const { now } = Date
  Date.now = () => now() + ms
  try {
    return await work()
  } finally {
    Date.now = now
  }
}
