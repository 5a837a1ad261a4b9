import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from '@jest/globals'
import { chromium, type Page } from 'playwright-core'
import { createCertificates } from '../../../testing/src/kms/certificate.ts'

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
  else
    test.skip('no Chromium here: install Debian’s `chromium`, or set GLASSINE_CHROMIUM to the path of one', () => {})
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

/** Answers a request of the page, by path; nothing is a 404. */
export type Serve = (request: {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}) => Promise<{
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}>

/** A page of Chromium on https://localhost, which is what Web Crypto wants, and a server behind it. */
export const openPage = async (executablePath: string, serve: Serve) => {
  const { server: certificate } = createCertificates(['localhost'])
  const server = createServer(certificate, async (request, response) => {
    let body = ''
    for await (const part of request) body += part
    const { method = 'GET', url = '/' } = request
    const headers = request.headers as Record<string, string>
    const answer = await serve({ method, path: url, headers, body }).catch((error) => ({
      status: 500,
      headers: {},
      body: String(error),
    }))
    response.writeHead(answer.status, answer.headers).end(answer.body)
  })
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  const folder = mkdtempSync(join(tmpdir(), 'glassine-chromium-'))
  const context = await chromium.launchPersistentContext(folder, {
    executablePath,
    args: flags,
    headless: true,
    ignoreHTTPSErrors: true,
  })
  const page: Page = await context.newPage()
  const origin = `https://localhost:${(server.address() as AddressInfo).port}`
  await page.goto(origin)
  return {
    page,
    origin,
    async close() {
      await context.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
