import { describe, test } from '@jest/globals'

/** What a machine may lack: reference data beside the repository, a browser, a DynamoDB server. */
export type Need = 'shared' | 'browser' | 'dynamodb'

/** The needs whose absence is a failure, as in CI: `GLASSINE_REQUIRE=shared,browser,dynamodb`. */
const required = (process.env.GLASSINE_REQUIRE ?? '').split(',')

/**
 * Describes tests that need something this machine may not have. Where it is missing, `tests` is not called, and one
 * skipped test says why.
 *
 * @param missing - why the tests cannot run here; `undefined` when they can
 */
export const describeWhere = (
  need: Need,
  missing: string | undefined,
  name: string,
  tests: () => void,
): void => {
  if (missing === undefined) {
    describe(name, tests)
    return
  }
  if (required.includes(need)) throw new Error(`GLASSINE_REQUIRE names ${need}, and ${missing}`)
  // Jest does not print the names of skipped tests.
  process.stderr.write(`Skipped: ${name}: ${missing}\n`)
  describe(name, () => {
    test.skip(`skipped: ${missing}`, () => {})
  })
}
