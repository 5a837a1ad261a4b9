/** Every source times the nasty paths and queries, through the real client: here in Node, and in Chromium. */
import { createClient } from '@glassine/client'
import { describe, expect, test } from '@jest/globals'
import { answering, body, fields, keys, origin, paths, queries, stages } from './support/nasty-paths.ts'

const clientOf = (name: string) => {
  const response = answering(name)
  const fetch = (async (url: string, init: any) => {
    if (url.endsWith('jwks.json')) return new Response(keys)
    // As the platform's own `fetch` would send it.
    const { pathname, search } = new URL(new Request(url).url)
    const { method, headers, body } = init
    const result = await response({ method, pathname, search, headers: Object.fromEntries(headers), body })
    return new Response(result.body || null, { status: result.statusCode, headers: result.headers })
  }) as never
  return createClient({ baseUrl: origin + stages[name], fields, fetch })
}

describe.each(Object.keys(stages))('%s', (name) => {
  const api = clientOf(name)
  const sent = async (path: string): Promise<unknown> => {
    const read = await api.fetch(path)
    const written = await api.fetch(path, { method: 'PUT', body })
    return [path, read.status, written.status, ((await written.json()) as any).ssn]
  }

  test.each(paths)('passes on the path %j as both ends read it', async (path) => {
    expect(await sent(path)).toEqual([path, 200, 200, body.ssn])
  })

  test.each(queries)('passes on the query %j as both ends read it', async (query) => {
    expect(await sent(`/a${query}`)).toEqual([`/a${query}`, 200, 200, body.ssn])
  })
})
