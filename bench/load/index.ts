// The service side under load: autocannon over nginx with TLS, in front of a server that invokes the handler.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import autocannon from 'autocannon'
import { deviceTo, sealedBody } from '../device.ts'
import { type Figure, reported } from '../figure.ts'
import { missingNginx, startNginx } from './nginx.ts'
import { audience, fieldNames, resource } from './payload.ts'

const sealedWith = { model: 'patient', members: fieldNames, resource, binding: { tenant: 't-1' } }
const payload = {
  id: 'p-1',
  ...Object.fromEntries(fieldNames.map((name) => [name, 'a value of some length'])),
}

const connections = 20
const seconds = 4
/** The number of new sessions, each with one request. */
const sessions = 1_500
/** The number of sessions with many requests. */
const users = 50

/** All figures of the load; if nginx is absent, none and a message. */
export const loadFigures = async (): Promise<readonly Figure[]> => {
  const missing = missingNginx()
  if (missing !== undefined) {
    console.error(`skipped: ${missing}`)
    return []
  }
  const server = await startServer()
  const nginx = await startNginx(server.port)
  try {
    const begin = await deviceTo(server.jwk, audience)
    const bodies = async (count: number): Promise<string[]> => {
      const made: string[] = []
      for (let at = 0; at < count; at++)
        made.push(JSON.stringify(await sealedBody(await begin(), payload, sealedWith)))
      return made
    }
    const fire = async (texts: readonly string[], bounds: { amount: number } | { duration: number }) => {
      let next = 0
      const result = await autocannon({
        url: `${nginx.origin}/patients`,
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        connections,
        ...bounds,
        tlsOptions: { ca: nginx.ca },
        requests: [{ setupRequest: (request) => ({ ...request, body: texts[next++ % texts.length]! }) }],
      })
      if (result.non2xx + result.errors + result.timeouts > 0)
        throw new Error(`${result.non2xx} answers without success, ${result.errors} errors`)
      return result
    }

    const [fresh, few] = [await bodies(sessions), await bodies(users)]
    await fire(few, { amount: 500 })
    const before = await server.kmsCalls()
    const started = process.hrtime.bigint()
    await fire(fresh, { amount: sessions })
    const took = Number(process.hrtime.bigint() - started) / 1e9
    const between = await server.kmsCalls()
    const steady = await fire(few, { duration: seconds })
    const after = await server.kmsCalls()
    if (between - before !== sessions) throw new Error(`${between - before} calls for ${sessions} sessions`)
    const how = `three fields in and out, TLS by nginx, one Node process, ${connections} connections`
    return [
      reported(
        'load-sessions-per-second',
        sessions / took,
        '/s',
        `new sessions, each with a call of the local KMS; ${how}`,
      ),
      reported('load-kms-calls-per-session', (between - before) / sessions, 'calls', 'of new sessions'),
      reported(
        'load-requests-per-second',
        steady.requests.average,
        '/s',
        `requests of ${users} sessions; ${how}`,
      ),
      reported(
        'load-request-p50-ms',
        steady.latency.p50,
        'ms',
        'latency of those, as seen by who sends them',
      ),
      reported(
        'load-request-p99-ms',
        steady.latency.p99,
        'ms',
        'latency of those, as seen by who sends them',
      ),
      reported(
        'load-kms-calls-warm',
        after - between,
        'calls',
        `in ${steady.requests.total} requests of known sessions`,
      ),
    ]
  } finally {
    await nginx.close()
    await server.close()
  }
}

const startServer = async () => {
  const child = spawn(process.execPath, ['tools/ts.mjs', 'bench/load/server.ts'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = new Promise<void>((done) => child.once('exit', () => done()))
  const first = new Promise<string>((line, failed) => {
    createInterface(child.stdout).once('line', line)
    child.once('exit', () => failed(new Error('the server ended')))
  })
  const { port, jwk } = JSON.parse(await first) as { port: number; jwk: object }
  return {
    port,
    jwk,
    async kmsCalls(): Promise<number> {
      const response = await fetch(`http://127.0.0.1:${port}/kms-calls`)
      return ((await response.json()) as { calls: number }).calls
    },
    async close(): Promise<void> {
      child.stdin.end()
      await ended
    },
  }
}
