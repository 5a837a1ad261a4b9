import type { Fields } from '@glassine/core'
// Loads the module that is extended below; nothing is left of it at run time.
import type {} from 'expect'
import type { Secrets } from '../leaks/index.ts'
import { type EncryptedMatcherOptions, toHaveEncrypted } from './encrypted.ts'
import { toLeakNothing } from './leaks.ts'

export type { Secret, Secrets } from '../leaks/index.ts'
export type { EncryptedMatcherOptions } from './encrypted.ts'

/**
 * What the matchers add to `expect`. For `@jest/globals` and for Jest's global `expect` the types come with the
 * import; for Vitest, extend its `Matchers` with this interface once.
 */
export interface GlassineMatchers<R> {
  /**
   * Every declared place holds a ciphertext, in an HTTP response or event, JSON text or the payload itself. The
   * bundle shape counts: no place is there, and one member holds a message. `.not`: no place holds one.
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
   * `@glassine/testing` reads: base64, hexadecimal, lists of numbers, escapes. A failure names the secret by its name or
   * position, never by its value, and says where it is.
   *
   * @param secrets - texts of at least 6 characters and bytes, at least 8: one, a list, or several by name
   * @throws GlassineError `ERR_OPTION_INVALID` for secrets that are shorter: they turn up by chance
   * @example
   * ```ts
   * expect(output).toLeakNothing({ ssn: 'canary-ssn-4711', key: randomBytes(32) })
   * ```
   */
  toLeakNothing(secrets: Secrets): R
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
