/** Items that are worked on at once: with a KMS keyring each may be a call, and a page holds a thousand items. */
const atOnce = 32

/** Maps a list asynchronously, a bounded number of elements at a time. The first failure starts no further one. */
export const mapLimited = async <T, R>(
  list: readonly T[],
  work: (element: T, at: number) => Promise<R>,
): Promise<R[]> => {
  const results: R[] = new Array(list.length)
  let next = 0
  const worker = async (): Promise<void> => {
    try {
      while (next < list.length) {
        const at = next++
        results[at] = await work(list[at]!, at)
      }
    } catch (error) {
      next = list.length
      throw error
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, list.length) }, worker))
  return results
}
