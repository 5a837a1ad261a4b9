/*
 * A session binds most of what both ends know in one hash. What was hashed is found by trying: what is expected, and
 * the mistakes that are usually made.
 */
import type { SessionContext } from '@glassine/core/internal'
import { contextHash } from '@glassine/session/internal'
import { type Comparison, compare } from './comparison.ts'
import { type Part, partsOf, type Sent } from './session-parts.ts'
import type { Subject } from './subject.ts'

/** Finds what a `ctx` was made of. */
export const compareContext = (ctx: string, subject: Subject, sent: Sent, isAlone: boolean): Comparison[] => {
  const { policy, options, sealed } = subject
  const expected: SessionContext = {
    direction: 'request',
    ...(options.sender !== undefined && { sender: options.sender }),
    ...(options.resource !== undefined && { resource: options.resource }),
    count: sealed.places.length,
    model: policy.model,
    members: sealed.members,
    binding: options.binding,
  }
  const parts = partsOf(expected, subject, sent, isAlone)
  const found = search(ctx, expected, parts)
  if (found !== undefined)
    return parts.map(({ what, candidates }, at) => {
      const { shown } = candidates[found[at] ?? 0]!
      // How many values stood beside one alone is not known here.
      return compare(what, shown, isAlone && what === 'set' ? shown : candidates[0].shown)
    })
  return [
    compare('context', 'the hash of something else', expectedText(parts), {
      tried: parts
        .filter(({ candidates }) => candidates.length > 1)
        .map(
          ({ what, candidates }) => `${what}: ${candidates.map(({ shown }) => shown ?? 'none').join(', ')}`,
        ),
    }),
  ]
}

const expectedText = (parts: readonly Part[]): string =>
  parts.map(({ what, candidates }) => `${what} ${candidates[0].shown ?? 'none'}`).join(', ')

/** More parts than this at once are no slip any more, and too many to try. */
const maxDifferences = 3

/** The index of each part's candidate, or nothing. Few differences are tried before many. */
const search = (ctx: string, expected: SessionContext, parts: readonly Part[]): number[] | undefined => {
  const attempt = (
    context: SessionContext,
    from: number,
    left: number,
    chosen: readonly number[],
  ): number[] | undefined => {
    if (left === 0) return contextHash(context) === ctx ? [...chosen] : undefined
    for (let at = from; at < parts.length; at++)
      for (const [index, { change }] of parts[at]!.candidates.entries()) {
        if (index === 0) continue
        const next = [...chosen]
        next[at] = index
        const found = attempt(change(context), at + 1, left - 1, next)
        if (found) return found
      }
    return undefined
  }
  for (let differences = 0; differences <= maxDifferences; differences++) {
    const found = attempt(expected, 0, differences, [])
    if (found) return found
  }
  return undefined
}
