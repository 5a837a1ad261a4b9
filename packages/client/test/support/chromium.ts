import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { startBrowser } from '@glassine/browser'
import { createCertificates } from '@glassine/local-kms/certificates'
import { build } from 'esbuild'

export { inChromium } from '@glassine/browser'

/** Answers a request of the page, by path; `undefined` gives a 404. */
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

/** A script of a page, bundled from TypeScript with our sources; its imports are relative to this folder. */
export const pageScript = async (contents: string): Promise<string> => {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: fileURLToPath(new URL('.', import.meta.url)), loader: 'ts' },
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    conditions: ['@glassine/source'],
  })
  return outputFiles[0]!.text
}

/** A page of Chromium on https://localhost, which Web Crypto requires, and a server behind it. */
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
  const browser = await startBrowser(executablePath)
  const page = await browser.context.newPage()
  const origin = `https://localhost:${(server.address() as AddressInfo).port}`
  await page.goto(origin)
  return {
    page,
    origin,
    async close() {
      await browser.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
