import { equal, ok } from '../support/check.ts'
import { clock } from '../support/clock.ts'
import { type Cases, pair, patient } from '../support/patient.ts'

const post = () => ({ method: 'POST', body: patient() })
const kidOf = ({ header }: { header: any }) => header.epk?.x ?? header.kid

/** How long a session lasts, what is sent for it, and what happens when the service does not take it. */
export const sessions: Cases = {
  'one session for many requests, and one at a time is begun': async () => {
    const { service, api } = await pair()
    await Promise.all(Array.from({ length: 20 }, () => api.fetch('/patients', post())))
    await api.fetch('/patients')
    equal(service.keyFetches.length, 1)
    equal(new Set(service.exchanges.map(kidOf)).size, 1)
    equal(new Set(service.exchanges.map(({ jti }) => jti)).size, 21, 'a jti for each, and none for the GET')
  },

  'a session ends with its time': async () => {
    const { service, api } = await pair({}, { session: { maxAge: 60_000 } })
    await api.fetch('/patients', post())
    await clock(58_000, () => api.fetch('/patients', post()))
    await clock(60_000, () => api.fetch('/patients', post()))
    const [first, second, third] = service.exchanges.map(kidOf)
    ok(first === second && second !== third, 'the third is another')
    equal(service.exchanges[0]!.header.exp - service.exchanges[0]!.header.iat, 60)
  },

  'a session ends with the values that it may seal': async () => {
    const { service, api } = await pair({}, { session: { maxSeals: 12 } })
    for (let at = 0; at < 5; at++) await api.fetch('/patients', post())
    await Promise.all(Array.from({ length: 4 }, () => api.fetch('/patients', post())))
    const seen = new Map<string, number>()
    for (const exchange of service.exchanges) seen.set(kidOf(exchange), (seen.get(kidOf(exchange)) ?? 0) + 6)
    equal(service.exchanges.length, 9)
    ok(
      [...seen.values()].every((count) => count <= 12),
      'none seals more',
    )
  },

  'a failure to begin one is told to all who wait, and not kept': async () => {
    const { service, api } = await pair()
    const { keys } = service
    service.keys = () => ({})
    const results = await Promise.allSettled(Array.from({ length: 5 }, () => api.fetch('/patients', post())))
    equal(new Set(results.map(({ status }) => status)).size, 1)
    equal(service.keyFetches.length, 1, 'asked once')
    service.keys = keys
    equal((await api.fetch('/patients', post())).status, 200)
  },

  'the ticket of an answer is sent in place of the keys, in the body and in the header': async () => {
    for (const keysIn of ['body', 'header'] as const) {
      const { service, api } = await pair({ ticket: true }, { keysIn })
      for (let at = 0; at < 3; at++)
        equal(await (await api.fetch('/patients', post())).json(), patient(), 'without the ticket')
      equal([service.unwraps, service.tickets], [1, 2])
      equal(
        service.exchanges.map(({ header }) => header.typ),
        [undefined, 'glassine-ticket', 'glassine-ticket'],
      )
    }
  },

  'no ticket is sent where none is wanted, and none after its time': async () => {
    const unwanted = await pair({ ticket: true }, { session: { tickets: false } })
    await unwanted.api.fetch('/patients', post())
    await unwanted.api.fetch('/patients', post())
    equal([unwanted.service.unwraps, unwanted.service.tickets], [2, 0])
    const short = await pair({ ticket: true, ticketLife: 10 })
    await short.api.fetch('/patients', post())
    await clock(10_001, () => short.api.fetch('/patients', post()))
    equal([short.service.unwraps, short.service.tickets], [2, 0])
  },

  'what is no ticket is not taken for one': async () => {
    const fields = ['x', 'a.b.c.d.e', 'eyJ0eXAiOiJnbGFzc2luZS10aWNrZXQifQ.\r\nx: y....', 5, null, {}]
    for (const $jwe of fields) {
      const { service, api } = await pair({ tamper: (body) => ({ ...body, $jwe }) })
      await api.fetch('/patients', post())
      await api.fetch('/patients', post())
      equal(service.unwraps, 2)
    }
  },

  'a session that the service does not take is begun anew, once': async () => {
    for (const problem of ['session-expired', 'unknown-kid']) {
      const events: unknown[] = []
      const { service, api } = await pair({}, { onRetry: (event) => events.push(event) })
      await api.fetch('/patients', post())
      service.problems = [problem]
      equal(await (await api.fetch('/patients', post())).json(), patient())
      equal(events, [{ problem }])
      equal(new Set(service.exchanges.map(kidOf)).size, 2, 'another session')
      equal(service.keyFetches.length, problem === 'unknown-kid' ? 2 : 1)
      equal(service.keyFetches.at(-1).cache, problem === 'unknown-kid' ? 'reload' : 'default')
      service.problems = [problem, problem]
      const response = await api.fetch('/patients', post())
      equal([response.status, ((await response.json()) as any).type], [400, problem], 'handed on')
      equal(events.length, 2)
      equal((await api.fetch('/patients', post())).status, 200)
    }
  },

  'many requests that are refused at a time fetch keys and begin a session once': async () => {
    const { service, api } = await pair()
    await api.fetch('/patients', post())
    await service.rotate()
    const responses = await Promise.all(Array.from({ length: 8 }, () => api.fetch('/patients', post())))
    equal(
      responses.map(({ status }) => status),
      Array(8).fill(200),
    )
    equal(service.keyFetches.length, 2)
    equal(new Set(service.exchanges.map(kidOf)).size, 2)
  },

  'a key that was replaced at the service is found': async () => {
    const { service, api } = await pair()
    await api.fetch('/patients', post())
    await service.rotate()
    equal(await (await api.fetch('/patients', post())).json(), patient())
    equal(await (await api.fetch('/patients')).text(), '')
    equal(service.exchanges.at(-1)!.header.kid, service.jwk.kid)
  },

  'no retry for other problems, nor for a success that looks like one': async () => {
    const events: unknown[] = []
    const problem = { type: 'session-expired' }
    for (const answer of [
      { status: 400, body: { type: 'about:blank' } },
      { status: 500, body: 'session-expired' },
      {
        status: 200,
        body: { ...patient(), ...problem },
        seal: ['/ssn', '/address/street', '/visits/0/note', '/visits/1/note', '/codes/0', '/codes/1'],
      },
    ]) {
      const { service, api } = await pair(
        { answer: () => answer },
        { onRetry: (event) => events.push(event) },
      )
      equal((await api.fetch('/patients', post())).status, answer.status)
      equal(service.exchanges.length, 1)
    }
    equal(events, [])
  },

  'a device whose clock is slow learns the time from the refusal': async () => {
    const { service, api } = await pair()
    service.clock = 3_600_000
    equal(await (await api.fetch('/patients', post())).json(), patient())
    ok(
      Math.abs(service.exchanges[0]!.header.iat * 1000 - Date.now() - 3_600_000) < 3_000,
      'the time of the service',
    )
    await api.fetch('/patients', post())
    equal(new Set(service.exchanges.map(kidOf)).size, 1, 'and keeps the session')
  },

  '`forget` gives session and keys up': async () => {
    const { service, api } = await pair()
    await api.fetch('/patients', post())
    api.forget()
    await api.fetch('/patients', post())
    equal(service.keyFetches.length, 2)
    equal(new Set(service.exchanges.map(kidOf)).size, 2)
  },

  '`forget` gives up what is just being begun, too': async () => {
    const { service } = await pair()
    const gates: (() => void)[] = []
    const { api } = await pair(
      {},
      {
        fetch: (async (url: string, init: any) => {
          const answer = await service.fetch(url, init)
          if (url.endsWith('jwks.json')) await new Promise<void>((resolve) => gates.push(resolve))
          return answer
        }) as never,
      },
    )
    const first = api.fetch('/patients', post())
    while (gates.length < 1) await new Promise((resolve) => setTimeout(resolve))
    await service.rotate()
    api.forget()
    const second = api.fetch('/patients', post())
    while (gates.length < 2) await new Promise((resolve) => setTimeout(resolve))
    for (const open of gates) open()
    for (const response of await Promise.all([first, second])) equal(response.status, 200)
    equal(service.keyFetches.length, 2, 'keys of before serve nobody')
    equal(
      service.exchanges.map(({ header }) => header.kid),
      [service.jwk.kid, service.jwk.kid],
    )
  },

  'many requests under a key that was replaced ask for the keys once': async () => {
    const { service } = await pair()
    const { keys } = service
    const { jwk } = (await pair()).service
    service.keys = () => ({ keys: [jwk] })
    let turn = 0
    const { api } = await pair(
      {},
      {
        fetch: (async (url: string, init: any) => {
          const answer = await service.fetch(url, init)
          // They learn of it one after the other, the last long after the first has begun another session.
          if (answer.status === 400) {
            service.keys = keys
            await new Promise((resolve) => setTimeout(resolve, 20 * turn++))
          }
          return answer
        }) as never,
      },
    )
    const responses = await Promise.all(Array.from({ length: 10 }, () => api.fetch('/patients', post())))
    equal(new Set(responses.map(({ status }) => status)).size, 1)
    equal([responses[0]!.status, turn], [200, 10])
    equal(service.keyFetches.length, 2, 'the key of before, and once anew')
  },

  'a ticket that the service does not take is not sent again': async () => {
    const { service } = await pair({ ticket: true })
    const bogus =
      'eyJ0eXAiOiJnbGFzc2luZS10aWNrZXQiLCJleHAiOjk5OTk5OTk5OTl9..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA'
    let swap = true
    const { api } = await pair(
      {},
      {
        fetch: (async (url: string, init: any) => {
          if (JSON.parse(init.body ?? '{}').$jwe === bogus) return Response.json({}, { status: 400 })
          const answer = await service.fetch(url, init)
          if (!swap || url.endsWith('jwks.json')) return answer
          swap = false
          return Response.json({ ...((await answer.json()) as object), $jwe: bogus })
        }) as never,
      },
    )
    const statuses: number[] = []
    for (let at = 0; at < 4; at++) statuses.push((await api.fetch('/patients', post())).status)
    equal(statuses, [200, 400, 200, 200])
    equal([service.unwraps, service.tickets], [2, 1])
  },

  'two clients share nothing': async () => {
    const first = await pair()
    const second = await pair({}, { fetch: first.service.fetch })
    await first.api.fetch('/patients', post())
    await second.api.fetch('/patients', post())
    equal(new Set(first.service.exchanges.map(kidOf)).size, 2)
  },

  'a retry seals anew: nothing of the first attempt is sent again': async () => {
    const { service, api } = await pair()
    const bodies: any[] = []
    const { api: watched } = await pair(
      {},
      {
        fetch: (async (url: string, init: any) => {
          if (init.body) bodies.push(JSON.parse(init.body))
          return service.fetch(url, init)
        }) as never,
      },
    )
    await api.fetch('/patients', post())
    service.problems = ['session-expired']
    await watched.fetch('/patients', post())
    equal(bodies.length, 2)
    ok(bodies[0].ssn !== bodies[1].ssn && bodies[0].$jwe !== bodies[1].$jwe, 'all new')
    const jti = (body: any) =>
      JSON.parse(atob(body.ssn.split('.')[0].replaceAll('-', '+').replaceAll('_', '/'))).jti
    ok(jti(bodies[0]) !== jti(bodies[1]), 'also the jti')
  },
}
