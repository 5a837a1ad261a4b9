// node browser.mjs FOLDER: serves a built page beside the service that it calls, on http://localhost, and opens it in
// Chromium. Exits 1 unless fields travel encrypted and return to the page.
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import * as consumers from 'node:stream/consumers'
import { defineFields } from '@glassine/core'
import { assertEncrypted, decryptRequest, encryptResponse } from '@glassine/middy'
import { jwksHandler } from '@glassine/middy/jwks'
import { kmsAgreementRecipient, publishedKeys, sessionEnvelope } from '@glassine/session'
import { handlerFetch, startLocalKms } from '@glassine/testing'
import middy from '@middy/core'
import httpErrorHandler from '@middy/http-error-handler'
import { chromium } from 'playwright-core'

const [folder] = process.argv.slice(2)
const ssn = '078-05-1120'
const kms = await startLocalKms({ keys: ['alias/devices:ECC_NIST_P256:KEY_AGREEMENT'] })
Object.assign(process.env, kms.env)

const recipients = kmsAgreementRecipient({ keyId: 'alias/devices', insecureEndpoint: kms.endpoint })
const fields = defineFields('patient', { ssn: {} })
const wire = []
const server = createServer(async (request, response) => {
  const file = path.join(folder, request.url === '/' ? 'index.html' : request.url)
  if (existsSync(file)) {
    const type = { '.html': 'text/html', '.js': 'text/javascript' }[path.extname(file)]
    response.writeHead(200, { 'content-type': type }).end(readFileSync(file))
    return
  }
  const { method, headers } = request
  const body = method === 'POST' ? await consumers.text(request) : undefined
  const answer = await service(`https://api.example.com${request.url}`, { method, headers, body })
  const answered = await answer.text()
  if (request.url === '/patients') wire.push(body, answered)
  response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(answered)
})
await new Promise((resolve) => server.listen(0, resolve))
const origin = `http://localhost:${server.address().port}`
const envelope = sessionEnvelope({ recipients, audience: origin })
const handler = middy(assertEncrypted({ fields }))
  .use(httpErrorHandler({ logger: false }))
  .use(decryptRequest({ fields, envelope, bind: () => ({ tenant: 't-1' }), onRefused: () => {} }))
  .use(encryptResponse())
  .handler(async (event) => {
    assert.equal(event.body.ssn, ssn)
    return { statusCode: 200, body: event.body }
  })
const service = handlerFetch({
  '/.well-known/jwks.json': jwksHandler({ keySet: publishedKeys({ recipients }) }),
  '*': handler,
})

const profile = mkdtempSync(path.join(tmpdir(), 'glassine-chromium-'))
const context = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.GLASSINE_CHROMIUM,
  args: ['--no-sandbox', '--disable-gpu'],
})
try {
  const page = await context.newPage()
  const shown = Promise.race([
    new Promise((_, reject) => page.on('pageerror', reject)),
    page.locator('output', { hasText: /./ }).textContent(),
  ])
  const [text] = await Promise.all([shown, page.goto(origin)])
  assert.equal(text, `${ssn} 400`)
  assert.equal(wire.length, 2)
  for (const body of wire) assert.ok(body.length > 0 && !body.includes(ssn))
} finally {
  await context.close()
  rmSync(profile, { recursive: true, force: true })
  server.close()
}
