// The playground in a browser, for its tests.
import { rmSync } from 'node:fs'
import path from 'node:path'
import { format } from 'node:util'
import { startBrowser } from '@glassine/browser'
import { jest } from '@jest/globals'
import type { BrowserContextOptions } from 'playwright-core'
import { startPlayground } from '../../web/server.ts'

/**
 * Starts both, and loads the page. The caller must close it.
 *
 * @param name - of the folder in `.artifacts` where its screenshots go, which is what a reviewer looks at
 */
export const openPlayground = async (name: string, executable: string, options: BrowserContextOptions) => {
  const artifacts = path.resolve('examples/patient-intake/.artifacts', name)
  rmSync(artifacts, { recursive: true, force: true })
  // Jest keeps what `console.error` is told to itself. Elsewhere it goes to stderr, where the playground reads it.
  console.error = (...parts: unknown[]) => void process.stderr.write(`${format(...parts)}\n`)
  const playground = await startPlayground({
    port: 0,
    // Each time another module, as it would be another function.
    loadHandlers: () => {
      jest.resetModules()
      return import('../../src/handler.ts')
    },
    conditions: ['@glassine/source'],
  })
  const browser = await startBrowser(executable, { reducedMotion: 'reduce', ...options })
  const page = browser.context.pages()[0]!
  page.setDefaultTimeout(10_000)
  const foreign: string[] = []
  const complaints: string[] = []
  page.on('request', (request) => {
    if (!request.url().startsWith(playground.origin)) foreign.push(request.url())
  })
  page.on('pageerror', ({ message }) => complaints.push(message))
  page.on('console', (message) => {
    // A refusal is a failed request to the browser; everything else it says is ours to mend.
    if (message.type() === 'error' && !message.text().includes('the server responded with a status of'))
      complaints.push(message.text())
  })
  const rest = () => page.waitForSelector('body[data-state=rest]')
  /** Loads the page anew; it sends the example at once. */
  const load = async (): Promise<void> => {
    await page.goto(playground.origin)
    await rest()
  }
  await load()
  const pane = (name: string) => page.locator(`[data-pane=${name}]`)
  return {
    page,
    /** What one of the parties has before it. */
    pane,
    textOf: (name: string) => pane(name).innerText(),
    /** The line of a field in a pane. */
    line: (name: string, field: string) => pane(name).locator(`.line[data-field="${field}"]`).first(),
    /** Where the panes begin on the page. */
    top: () => page.evaluate('document.getElementById("panes").getBoundingClientRect().top + scrollY'),
    unfold: () => page.evaluate('for (const fold of document.querySelectorAll("details")) fold.open = true'),
    /** Requests that went elsewhere. */
    foreign,
    /** What the browser has found wrong. */
    complaints,
    load,
    // A picture proves nothing, so that a busy machine may take its time for it.
    shot: (title: string, fullPage = true) =>
      page.screenshot({ path: path.join(artifacts, `${title}.png`), fullPage, timeout: 30_000 }),
    /** Sends or reads, and waits for the end. */
    travel: async (button: '#send' | '#read'): Promise<void> => {
      await page.click(button)
      await rest()
    },
    close: async (): Promise<void> => {
      await browser.close()
      await playground.close()
    },
  }
}

export type OpenPlayground = Awaited<ReturnType<typeof openPlayground>>
