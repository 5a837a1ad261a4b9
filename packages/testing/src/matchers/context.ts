/** The part of Jest's and Vitest's matcher state that the matchers use. */
export interface MatcherContext {
  readonly isNot?: boolean
}

/** What a matcher returns, in Jest and Vitest alike. */
export interface MatcherResult {
  readonly pass: boolean
  readonly message: () => string
}
