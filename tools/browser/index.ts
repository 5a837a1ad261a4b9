// Debian's Chromium, driven by playwright-core: a browser is never downloaded.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, test } from '@jest/globals'
import { type BrowserContext, type BrowserContextOptions, chromium } from 'playwright-core'

/** Debian's, or the one that `GLASSINE_CHROMIUM` names; nothing where there is none. */
const chromiumPath = (): string | undefined => {
  if (process.env.GLASSINE_CHROMIUM) return process.env.GLASSINE_CHROMIUM
  try {
    return execFileSync('which', ['chromium'], { encoding: 'utf8' }).trim()
  } catch {
    return undefined
  }
}

/**
 * Describes tests that need a browser. Where there is none they are skipped and say so, unless
 * `GLASSINE_REQUIRE_BROWSER` is set, as in CI.
 */
export const inChromium = (tests: (executable: string) => void): void => {
  const executable = chromiumPath()
  if (executable) describe('in Chromium', () => tests(executable))
  else if (process.env.GLASSINE_REQUIRE_BROWSER)
    throw new Error('GLASSINE_REQUIRE_BROWSER is set, and there is no Chromium')
  else {
    // Jest does not print the names of skipped tests.
    process.stderr.write(`Skipped in Chromium: ${missing}\n`)
    test.skip(missing, () => {})
  }
}

const missing =
  'there is none here. Install the package `chromium`, or set GLASSINE_CHROMIUM to the path of one.'

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** A running browser with a profile of its own, which goes with it. */
export interface Browser {
  readonly context: BrowserContext
  close(): Promise<void>
}

/** Starts a browser that takes any certificate. Whoever starts it closes it. */
export const startBrowser = async (
  executablePath: string,
  options: BrowserContextOptions = {},
): Promise<Browser> => {
  const folder = mkdtempSync(path.join(tmpdir(), 'glassine-chromium-'))
  const context = await chromium.launchPersistentContext(folder, {
    executablePath,
    headless: true,
    args: flags,
    ignoreHTTPSErrors: true,
    ...options,
  })
  return {
    context,
    close: async () => {
      await context.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
