/** The suite's cases in this version of Node; browser.test.ts runs the same cases in Chromium. */
import { describe, test } from '@jest/globals'
import { suite } from './cases/index.ts'

describe.each(Object.entries(suite))('%s', (_subject, cases) => {
  for (const [name, run] of Object.entries(cases)) test(name, run)
})
