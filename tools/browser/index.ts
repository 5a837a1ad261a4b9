// Debian's Chromium, driven by playwright-core: a browser is never downloaded.
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type BrowserContext, type BrowserContextOptions, chromium } from 'playwright-core'

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

const executable = places.find((place) => existsSync(place))

/**
 * Why tests cannot run in a browser here, for the name of a test that is skipped; `undefined` when they can.
 *
 * @throws Error where `GLASSINE_REQUIRE_BROWSER=1` says that they must
 */
export const missingBrowser = (): string | undefined => {
  if (executable !== undefined) return undefined
  const reason = `no Chromium in ${places.join(', ')}`
  if (process.env.GLASSINE_REQUIRE_BROWSER === '1') throw new Error(reason)
  return reason
}

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

/** Starts a browser that takes any certificate, and nothing from the network. Whoever starts it closes it. */
export const startBrowser = async (options: BrowserContextOptions = {}): Promise<Browser> => {
  const folder = mkdtempSync(path.join(tmpdir(), 'glassine-browser-'))
  const context = await chromium.launchPersistentContext(folder, {
    executablePath: executable,
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
