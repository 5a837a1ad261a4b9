/** A page that uses the client with the browser's own `fetch` and Web Crypto, and the Lambda handlers behind https. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { inChromium, openPage, pageScript } from './support/chromium.ts'
import { lambdaService } from './support/lambda.ts'
import { patient, secrets } from './support/patient.ts'

const page = `
  import { createClient } from '@glassine/client'
  import { GlassineError } from '@glassine/core'
  import { fields } from './patient.ts'
  window.api = createClient({
    baseUrl: location.origin, audience: 'https://api.example.com', fields, bind: { tenant: 't-1' },
    response: { mode: 'forward-secret' },
  })
  window.outcome = (work) => work.catch((error) => ({ glassine: error instanceof GlassineError, name: error.name, code: error.code }))
`

inChromium((executable) => {
  const service = lambdaService({ ticket: true })
  let browser: Awaited<ReturnType<typeof openPage>>
  const asked: string[] = []

  beforeAll(async () => {
    browser = await openPage(executable, async (request) => {
      asked.push(request.path)
      if (request.path === '/')
        return { status: 200, headers: { 'content-type': 'text/html' }, body: '<!doctype html>' }
      if (request.path === '/patients/301')
        return { status: 307, headers: { location: '/elsewhere' }, body: '' }
      return service.serve(request)
    })
    await browser.page.addScriptTag({ content: await pageScript(page) })
  }, 60_000)
  afterAll(() => browser?.close())

  const call = (path: string, init: object) =>
    browser.page.evaluate(
      ([path, init]) =>
        (globalThis as any).outcome(
          (globalThis as any).api
            .fetch(path, { headers: { 'x-tenant': 't-1' }, ...(init as object) })
            .then(async (response: Response) => [response.status, await response.json()]),
        ),
      [path, init] as const,
    )

  test('it writes and reads', async () => {
    const body = patient()
    expect(await call('/patients/7', { method: 'PUT', body })).toEqual([200, body])
    expect(await call('/patients/7', {})).toEqual([200, body])
    expect(service.payloads).toEqual([body, undefined])
    for (const secret of secrets) expect(JSON.stringify(service.seen)).not.toContain(secret)
    expect(asked.filter((path) => path.startsWith('/.well-known'))).toHaveLength(1)
  })

  test('it follows no redirect', async () => {
    const error = await call('/patients/301', { method: 'PUT', body: patient() })
    expect(error).toMatchObject({ name: 'TypeError' })
    expect(asked).not.toContain('/elsewhere')
  })

  test('it never sends a field in the clear', async () => {
    const before = asked.length
    expect(await call('/patients/7', { method: 'PUT', body: { id: 'x' } })).toEqual({
      glassine: true,
      name: 'GlassineError',
      code: 'ERR_FIELD_MISSING',
    })
    expect(asked).toHaveLength(before)
  })
})
