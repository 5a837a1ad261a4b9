import { describe, test } from '@jest/globals'

/**
 * What a machine may lack: reference data beside the repository, a browser, a DynamoDB server, Lambda's runtime client.
 */
export type Need = 'shared' | 'browser' | 'dynamodb' | 'lambda'

/** The needs that must not be missing, as in CI: `GLASSINE_REQUIRE=shared,browser,dynamodb,lambda`. */
const required = (process.env.GLASSINE_REQUIRE ?? '').split(',')

/**
 * Describes tests that need something this machine may lack. If it is missing, `tests` is not called, and one skipped
 * test says why.
 *
 * @param missing - why the tests cannot run here; `undefined` if they can
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
