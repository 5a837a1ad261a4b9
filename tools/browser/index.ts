// Debian's Chromium, driven by playwright-core: a browser is never downloaded.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describeWhere } from '@glassine/test-support'
import { type BrowserContext, type BrowserContextOptions, chromium } from 'playwright-core'

/** Debian's, or the one that `GLASSINE_CHROMIUM` names; nothing if there is none. */
const chromiumPath = (): string | undefined => {
  if (process.env.GLASSINE_CHROMIUM) return process.env.GLASSINE_CHROMIUM
  try {
    return execFileSync('which', ['chromium'], { encoding: 'utf8' }).trim()
  } catch {
    return undefined
  }
}

/** Describes tests that need a browser. */
export const inChromium = (tests: (executable: string) => void): void => {
  const executable = chromiumPath()
  describeWhere('browser', executable === undefined ? missing : undefined, 'in Chromium', () =>
    tests(executable!),
  )
}

const missing =
  'there is no Chromium: install the package `chromium`, or set GLASSINE_CHROMIUM to the path of one'

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** A running browser with its own profile, which is deleted with it. */
export interface Browser {
  readonly context: BrowserContext
  close(): Promise<void>
}

/** Starts a browser that accepts any certificate. The caller must close it. */
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
