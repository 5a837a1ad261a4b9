/** The suite's cases again, in Chromium. */
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { build } from 'esbuild'
import { suite } from './cases/index.ts'
import { inChromium, openPage } from './support/chromium.ts'

const bundled = async (): Promise<string> => {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('cases/index.ts', import.meta.url))],
    bundle: true,
    write: false,
    platform: 'browser',
    format: 'iife',
    globalName: 'cases',
    target: 'es2022',
    conditions: ['@glassine/source'],
  })
  return outputFiles[0]!.text
}

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
    await browser.page.addScriptTag({ content: await bundled() })
    outcome = await browser.page.evaluate(async () => {
      const failures: Record<string, string> = {}
      for (const [subject, cases] of Object.entries((globalThis as any).cases.suite))
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
