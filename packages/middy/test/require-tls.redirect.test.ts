import { requireTls } from '@glassine/middy'
import { sampleContext, sampleEvent } from '@glassine/testing'
import { describe, expect, test } from '@jest/globals'
import { edgeEvent } from './support/edge-event.ts'
import { majors } from './support/outcome.ts'

const origin = 'https://app.example.com'

describe.each(majors)('where a redirect leads, under Middy %s', (_, middy) => {
  const locationOf = async (event: unknown): Promise<string> => {
    const handler = middy()
      .use(requireTls({ redirect: origin, refusal: 'throw' }))
      .handler(async () => ({ statusCode: 204 }))
    const { statusCode, headers, multiValueHeaders } = (await handler(event, sampleContext())) as any
    expect(statusCode).toBe(308)
    return headers?.Location ?? multiValueHeaders.Location[0]
  }

  // The same request in each source's own writing: an ALB leaves the query encoded, API Gateway decodes it.
  test.each(['rest', 'http-api', 'function-url', 'alb'] as const)(
    '%s: the same path and query',
    async (source) => {
      const query = { q: ['a b', 'c&d'], 'ü=': 'x' }
      const location = new URL(await locationOf(sampleEvent(source, { proto: 'http', path: '/p/1', query })))
      expect(location.origin + location.pathname).toBe(`${origin}/p/1`)
      const values = location.searchParams.getAll('q')
      // A Function URL and an HTTP API keep all of them; single-valued maps have the last.
      expect(values).toEqual(source === 'alb' ? ['c&d'] : ['a b', 'c&d'])
      expect(location.searchParams.get('ü=')).toBe('x')
    },
  )

  test('an ALB with multi-value headers gets its response in them', async () => {
    const event = sampleEvent('alb', { proto: 'http', multiValue: true, query: { q: ['1', '2'] } })
    expect(await locationOf(event)).toBe(`${origin}/patients?q=1&q=2`)
  })

  test.each([
    ['a path to another host', '//evil.example/x'],
    ['credentials', '/@evil.example'],
    ['backslashes', '\\\\evil.example'],
    ['a line break', '/a\r\nSet-Cookie: x=y'],
    ['no path at all', ''],
  ])('it never leads elsewhere: %s', async (_, path) => {
    const location = await locationOf(
      sampleEvent('rest', { proto: 'http', path, headers: { host: 'evil.example' } }),
    )
    expect(new URL(location).origin).toBe(origin)
    expect(location).not.toMatch(/[\r\n\\]/)
  })
})

test('half of a surrogate pair in the query causes no error', async () => {
  const [, middy] = majors[0]
  const handler = middy()
    .use(requireTls({ redirect: origin }))
    .handler(async () => ({ statusCode: 204 }))
  const event = sampleEvent('rest', { proto: 'http', query: { '\ud800': 'x' } })
  expect(await handler(event, sampleContext())).toMatchObject({ statusCode: 308 })
})

test('a request not known to be http is refused, not redirected', async () => {
  const [, middy] = majors[0]
  const handler = middy()
    .use(requireTls({ redirect: origin }))
    .handler(async () => ({ statusCode: 204 }))
  for (const event of [sampleEvent('lattice'), edgeEvent('viewer-request')]) {
    const response = (await handler(event, sampleContext())) as any
    expect(Number(response.statusCode ?? response.status)).toBe(403)
  }
})
