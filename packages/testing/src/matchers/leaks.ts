import { leaksOf, type Secrets } from '../leaks/index.ts'
import type { MatcherContext, MatcherResult } from './context.ts'

/** The matcher behind `expect(log).toLeakNothing(secrets)`; see the interface of the matchers. */
export function toLeakNothing(this: MatcherContext, received: unknown, secrets: Secrets): MatcherResult {
  const leaks = leaksOf(received, secrets)
  return {
    pass: leaks.length === 0,
    message: () =>
      leaks.length > 0
        ? [
            'What must not leak was found:',
            ...leaks.map(({ secret, notation, where }) => `  ${secret}, ${notation}: ${where}`),
          ].join('\n')
        : 'None of the secrets was found',
  }
}
