import { describe, test } from '@jest/globals'

/**
 * Describes tests that need something this machine may not have. Where it is missing, `tests` is not called, and one
 * skipped test says why; with `GLASSINE_REQUIRE_ALL` set, as in CI, that is a failure.
 *
 * @param missing - why the tests cannot run here; `undefined` when they can
 */
export const describeWhere = (missing: string | undefined, name: string, tests: () => void): void => {
  if (missing === undefined) {
    describe(name, tests)
    return
  }
  if (process.env.GLASSINE_REQUIRE_ALL) throw new Error(`GLASSINE_REQUIRE_ALL is set, and ${missing}`)
  // Jest does not print the names of skipped tests.
  process.stderr.write(`Skipped: ${name}: ${missing}\n`)
  describe(name, () => {
    test.skip(`skipped: ${missing}`, () => {})
  })
}
