/** The suite's cases again, in Chromium. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { suite } from './cases/index.ts'
import { inChromium, openPage, pageScript } from './support/chromium.ts'

const page = `
  import { suite } from '../cases/index.ts'
  window.suite = suite
`

inChromium((executable) => {
  /** What failed in the case, or nothing. */
  let outcome: Record<string, string> = {}
  let browser: Awaited<ReturnType<typeof openPage>>

  beforeAll(async () => {
    browser = await openPage(executable, async () => ({
      status: 200,
      headers: { 'content-type': 'text/html' },
      body: '<!doctype html><title>cases</title>',
    }))
    await browser.page.addScriptTag({ content: await pageScript(page) })
    outcome = await browser.page.evaluate(async () => {
      const failures: Record<string, string> = {}
      for (const [subject, cases] of Object.entries((globalThis as any).suite))
        for (const [name, run] of Object.entries(cases as Record<string, () => Promise<void>>))
          failures[`${subject}: ${name}`] = await run().then(
            () => 'passed',
            (error) => `failed: ${error.stack}`,
          )
      return failures
    })
  }, 120_000)
  afterAll(() => browser?.close())

  for (const [subject, cases] of Object.entries(suite))
    describe(subject, () => {
      for (const name of Object.keys(cases))
        test(name, () => {
          expect(outcome[`${subject}: ${name}`]).toBe('passed')
        })
    })
})
