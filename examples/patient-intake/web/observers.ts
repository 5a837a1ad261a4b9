import type { ServerResponse } from 'node:http'
import type { Observation } from './protocol.ts'

/** The pages that listen, by the name that each has given itself: a page sees its own requests only. */
export const createObservers = () => {
  const pages = new Map<string, ServerResponse>()
  return {
    /** Keeps the response open as a stream of Server-Sent Events. */
    add(page: string, response: ServerResponse): void {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
      response.write(': here\n\n')
      pages.set(page, response)
      response.on('close', () => {
        if (pages.get(page) === response) pages.delete(page)
      })
    },
    tell(page: string, observation: Observation): void {
      pages.get(page)?.write(`data: ${JSON.stringify(observation)}\n\n`)
    },
  }
}
