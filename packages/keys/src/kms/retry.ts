import { unavailable } from '../errors.ts'
import { lateAnswer, nameOf, type Verdict, verdictOf } from './failures.ts'

/** One way to an answer; `signal` is aborted when nobody waits for it any more. */
export type Call<T> = (signal: AbortSignal) => Promise<T>

/** Longest time for one attempt, ms: KMS answers in some 10 ms, a first connection included in some 100. */
const maxAttempt = 2_000
/** Below this, an attempt gets all the time that is left and not half of it, ms. */
const minAttempt = 200
/** Mean of the first pause, ms; it doubles with every round. */
const firstPause = 50
const maxPause = 2_000

const kms = { name: 'KMS', verdictOf }

/**
 * The first answer that any of the calls gives, tried in turn, in rounds: so a Region that hangs or throttles does
 * not use up the time of the next one. Pauses between rounds have full jitter.
 *
 * @param deadline - ms since the epoch; read anew each time, since it moves when others join
 * @param service - whose answers these are: its name, and what its failures mean
 * @returns the answer, or the names of the refusals when every call was definitely refused
 * @throws GlassineError `ERR_KEY_UNAVAILABLE` when the deadline passes, or when something other than a refusal
 * stood in the way of at least one call
 */
export const firstAnswer = async <T>(
  calls: readonly Call<T>[],
  deadline: () => number,
  service: { readonly name: string; readonly verdictOf: (thrown: unknown) => Verdict } = kms,
): Promise<{ answer: T } | { refusals: readonly string[] }> => {
  const notAvailable = (failure: string) => unavailable(`${service.name} is not available: ${failure}`)
  const refusals: string[] = []
  let broken: string | undefined
  let open = calls
  for (let round = 0; ; round++) {
    const again: Call<T>[] = []
    let last = 'TimeoutError'
    for (const call of open) {
      const left = deadline() - Date.now()
      if (!(left > 0)) throw notAvailable(last)
      try {
        return { answer: await attempt(call, left) }
      } catch (thrown) {
        const verdict = service.verdictOf(thrown)
        last = nameOf(thrown)
        if (verdict === 'retry') again.push(call)
        else if (verdict === 'refused') refusals.push(last)
        else broken = last
      }
    }
    if (again.length === 0) {
      if (broken !== undefined) throw notAvailable(broken)
      return { refusals }
    }
    const pause = Math.random() * Math.min(maxPause, 2 * firstPause * 2 ** round)
    if (Date.now() + pause >= deadline()) throw notAvailable(last)
    await new Promise((resolve) => setTimeout(resolve, pause))
    open = again
  }
}

/** Half of what is left, so that one call that hangs leaves time for another. */
const attempt = async <T>(call: Call<T>, left: number): Promise<T> => {
  const controller = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const expire = () => {
      controller.abort()
      reject(lateAnswer())
    }
    timer = setTimeout(expire, Math.min(maxAttempt, left < minAttempt ? left : left / 2))
  })
  const answer = call(controller.signal)
  // Once it is late nobody listens to it any more.
  answer.catch(() => {})
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}
