import type { Fields } from '@glassine/core'
// Loads the module that is extended below; nothing is left of it at run time.
import type {} from 'expect'
import { type EncryptedMatcherOptions, toHaveEncrypted } from './encrypted.ts'
import { type Markers, toLeakNothing } from './leaks.ts'

export type { EncryptedMatcherOptions } from './encrypted.ts'
export type { Markers } from './leaks.ts'

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
   * None of the markers stands in a text, in bytes or anywhere in a value: not as it is, nor in JSON, base64,
   * hexadecimal or percent-encoding. A failure names the marker by its name or position, never by its value.
   *
   * @throws GlassineError `ERR_OPTION_INVALID` for markers of fewer than 6 characters: they turn up by chance
   * @example
   * ```ts
   * expect(output).toLeakNothing({ ssn: 'canary-ssn-4711', notes: 'canary-notes-4711' })
   * ```
   */
  toLeakNothing(markers: Markers): R
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
