/**
 * Every source times the nasty paths and queries once more, written by Chromium's own `fetch`. One page for all cases.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { inChromium, openPage, pageScript } from './support/chromium.ts'
import { answering, body, keys, origin, paths, queries, stages } from './support/nasty-paths.ts'

const page = `
  import { createClient } from '@glassine/client'
  import { defineFields } from '@glassine/core'
  const fields = defineFields('patient', { ssn: {} })
  window.outcomes = async (audience, stages, cases, body) => {
    const outcomes = {}
    await Promise.all(Object.entries(stages).map(async ([name, stage]) => {
      const api = createClient({ baseUrl: location.origin + stage, audience, fields })
      const headers = { 'x-source': name }
      const one = async (path) => {
        const read = await api.fetch(path, { headers })
        const written = await api.fetch(path, { method: 'PUT', body, headers })
        return [read.status, written.status, (await written.json()).ssn]
      }
      for (const path of cases)
        outcomes[name + ' ' + path] = await one(path).catch((error) => error.code ?? String(error))
    }))
    return outcomes
  }
`

const cases = [...paths, ...queries.map((query) => `/a${query}`)]

inChromium((executable) => {
  const handlers = Object.fromEntries(Object.keys(stages).map((name) => [name, answering(name)]))
  let outcomes: Record<string, unknown> = {}
  let browser: Awaited<ReturnType<typeof openPage>>
  const written = new Set<string>()

  beforeAll(async () => {
    browser = await openPage(executable, async ({ method, path, headers, body }) => {
      if (path.endsWith('jwks.json'))
        return { status: 200, headers: { 'content-type': 'application/jwk-set+json' }, body: keys }
      const response = handlers[headers['x-source'] ?? '']
      if (!response) return { status: 200, headers: { 'content-type': 'text/html' }, body: '<!doctype html>' }
      written.add(path)
      const [pathname = '', ...search] = path.split(/(?=\?)/)
      const result = await response({ method, pathname, search: search.join(''), headers, body })
      return { status: result.statusCode, headers: result.headers, body: result.body || '' }
    })
    await browser.page.addScriptTag({ content: await pageScript(page) })
    outcomes = await browser.page.evaluate(
      ([origin, stages, cases, body]) => (globalThis as any).outcomes(origin, stages, cases, body),
      [origin, stages, cases, body] as const,
    )
  }, 120_000)
  afterAll(() => browser?.close())

  describe.each(Object.keys(stages))('%s', (name) => {
    test.each(cases)('hands on %j as both ends take it', (path) => {
      expect(outcomes[`${name} ${path}`]).toEqual([200, 200, body.ssn])
    })
  })

  test('the browser wrote the paths in its own way, and not as they were given', () => {
    expect(written).toContain('/a%20b')
    expect(written).toContain('/%C3%A4')
    expect(written.size).toBeLessThan(cases.length * 2)
    expect(written.size).toBeGreaterThan(60)
  })
})
