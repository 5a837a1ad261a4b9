import type { Fields } from '@glassine/core'
// Loads the types that are extended below; nothing remains at run time.
import type {} from 'expect'
import { leaksOf, type Secrets } from '../leaks/index.ts'
import {
  type EncryptedMatcherOptions,
  type MatcherContext,
  type MatcherResult,
  toHaveEncrypted,
} from './encrypted.ts'

export type { Secret, Secrets } from '../leaks/index.ts'
export type { EncryptedMatcherOptions } from './encrypted.ts'

/**
 * What the matchers add to `expect`. The types for `@jest/globals`, Jest's global `expect` and Vitest 4 come
 * with the import.
 */
export interface GlassineMatchers<R> {
  /**
   * Every declared place holds a ciphertext, in an HTTP response or event, JSON text or the payload itself. The
   * bundle shape counts too: no place is present, and one member holds a message. `.not`: no place holds one.
   *
   * A failure names template paths, never values.
   *
   * @throws GlassineError `ERR_OPTION_INVALID`, `ERR_MODEL_INVALID`
   * @example
   * ```ts
   * expect(response).toHaveEncrypted(Patient)
   * expect(seenByTheHandler).not.toHaveEncrypted(Patient)
   * ```
   */
  toHaveEncrypted(fields: Fields, options?: EncryptedMatcherOptions): R
  /**
   * None of the secrets can be found in a text, in bytes or anywhere in a value, in any notation that `leaksOf` of
   * `@glassine/testing` reads: base64, hexadecimal, lists of numbers, escapes. A failure names the secret by its name
   * or position, never by its value, and says where it is.
   *
   * @param secrets - texts of at least 6 characters and bytes, at least 8: one, a list, or several by name
   * @throws GlassineError `ERR_OPTION_INVALID` for shorter secrets: they occur by chance
   * @example
   * ```ts
   * expect(output).toLeakNothing({ ssn: 'canary-ssn-4711', key: randomBytes(32) })
   * ```
   */
  toLeakNothing(secrets: Secrets): R
}

/** The matcher behind `expect(log).toLeakNothing(secrets)`; see the interface of the matchers. */
function toLeakNothing(this: MatcherContext, received: unknown, secrets: Secrets): MatcherResult {
  const leaks = leaksOf(received, secrets)
  return {
    pass: leaks.length === 0,
    message: () =>
      leaks.length > 0
        ? [
            'Secrets were found:',
            ...leaks.map(({ secret, notation, where }) => `  ${secret}, ${notation}: ${where}`),
          ].join('\n')
        : 'None of the secrets was found',
  }
}

/**
 * The matchers, for `expect.extend` of Jest or Vitest. Importing them changes nothing by itself.
 *
 * @example
 * ```ts
 * import { expect } from '@jest/globals'
 * import { glassineMatchers } from '@glassine/testing/jest'
 *
 * expect.extend(glassineMatchers)
 * ```
 */
export const glassineMatchers = { toHaveEncrypted, toLeakNothing }

declare module 'expect' {
  interface Matchers<R> extends GlassineMatchers<R> {}
}

declare global {
  namespace jest {
    interface Matchers<R> extends GlassineMatchers<R> {}
  }
}
