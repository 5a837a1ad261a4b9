import { equal, ok, refused } from '../support/check.ts'
import { clock } from '../support/clock.ts'
import { type Cases, pair, patient } from '../support/patient.ts'

const put = () => ({ method: 'PUT', body: patient() })
const headerOf = (jwe: string) =>
  JSON.parse(atob(jwe.split('.')[0]!.replaceAll('-', '+').replaceAll('_', '/')))
const kidOf = ({ header }: { header: any }) => header.epk?.x ?? header.kid

/** How long a session lasts, what is sent for it, and what happens when the service does not take it. */
export const sessions: Cases = {
  'many requests share one session, and only one at a time is begun': async () => {
    const { service, api } = await pair()
    await Promise.all(Array.from({ length: 20 }, () => api.fetch('/patients', put())))
    await api.fetch('/patients')
    equal(service.keyFetches.length, 1)
    equal(new Set(service.exchanges.map(kidOf)).size, 1)
    equal(new Set(service.exchanges.map(({ jti }) => jti)).size, 21, 'a jti for each, also for the GET')
  },

  'a session ends with its time': async () => {
    const { service, api } = await pair({}, { session: { maxAge: 60_000 } })
    await api.fetch('/patients', put())
    await clock(58_000, () => api.fetch('/patients', put()))
    await clock(60_000, () => api.fetch('/patients', put()))
    const [first, second, third] = service.exchanges.map(kidOf)
    ok(first === second && second !== third, 'the third is another')
    equal(service.exchanges[0]!.header.exp - service.exchanges[0]!.header.iat, 60)
  },

  'a session ends after the values that it may seal': async () => {
    const { service, api } = await pair({}, { session: { maxSeals: 12 } })
    for (let at = 0; at < 5; at++) await api.fetch('/patients', put())
    await Promise.all(Array.from({ length: 4 }, () => api.fetch('/patients', put())))
    const seen = new Map<string, number>()
    for (const exchange of service.exchanges) seen.set(kidOf(exchange), (seen.get(kidOf(exchange)) ?? 0) + 6)
    equal(service.exchanges.length, 9)
    ok(
      [...seen.values()].every((count) => count <= 12),
      'none seals more',
    )
  },

  'a failure to begin one reaches all waiting requests, and is not cached': async () => {
    const { service, api } = await pair()
    const { keys } = service
    service.keys = () => ({})
    const results = await Promise.allSettled(Array.from({ length: 5 }, () => api.fetch('/patients', put())))
    equal(new Set(results.map(({ status }) => status)).size, 1)
    equal(service.keyFetches.length, 1, 'asked once')
    service.keys = keys
    equal((await api.fetch('/patients', put())).status, 200)
  },

  'the ticket of a response is sent instead of the keys, in the body and in the header': async () => {
    for (const keysIn of ['body', 'header'] as const) {
      const { service, api } = await pair({ ticket: true }, { keysIn })
      for (let at = 0; at < 3; at++)
        equal(await (await api.fetch('/patients', put())).json(), patient(), 'without the ticket')
      equal([service.unwraps, service.tickets], [1, 2])
      equal(
        service.exchanges.map(({ header }) => header.typ),
        [undefined, 'glassine-ticket', 'glassine-ticket'],
      )
    }
  },

  'no ticket is sent if tickets are off, or after its time': async () => {
    const unwanted = await pair({ ticket: true }, { session: { tickets: false } })
    await unwanted.api.fetch('/patients', put())
    await unwanted.api.fetch('/patients', put())
    equal([unwanted.service.unwraps, unwanted.service.tickets], [2, 0])
    const short = await pair({ ticket: true, ticketLife: 10 })
    await short.api.fetch('/patients', put())
    await clock(10_001, () => short.api.fetch('/patients', put()))
    equal([short.service.unwraps, short.service.tickets], [2, 0])
  },

  'a value that is not a ticket is not taken for one': async () => {
    const fields = ['x', 'a.b.c.d.e', 'eyJ0eXAiOiJnbGFzc2luZS10aWNrZXQifQ.\r\nx: y....', 5, null, {}]
    for (const $jwe of fields) {
      const { service, api } = await pair({ tamper: (body) => ({ ...body, $jwe }) })
      await api.fetch('/patients', put())
      await api.fetch('/patients', put())
      equal(service.unwraps, 2)
    }
  },

  'a session that the service refuses is begun anew, once': async () => {
    for (const problem of ['session-expired', 'unknown-kid']) {
      const events: unknown[] = []
      const { service, api } = await pair({}, { onRetry: (event) => events.push(event) })
      await api.fetch('/patients', put())
      service.problems = [problem]
      equal(await (await api.fetch('/patients', put())).json(), patient())
      equal(events, [{ problem }])
      equal(new Set(service.exchanges.map(kidOf)).size, 2, 'another session')
      equal(service.keyFetches.length, problem === 'unknown-kid' ? 2 : 1)
      equal(service.keyFetches.at(-1).cache, problem === 'unknown-kid' ? 'reload' : 'default')
      service.problems = [problem, problem]
      const response = await api.fetch('/patients', put())
      equal([response.status, ((await response.json()) as any).type], [400, problem], 'handed on')
      equal(events.length, 2)
      equal((await api.fetch('/patients', put())).status, 200)
    }
  },

  'many requests refused at once fetch keys and begin a session once': async () => {
    const { service, api } = await pair()
    await api.fetch('/patients', put())
    await service.rotate()
    const responses = await Promise.all(Array.from({ length: 8 }, () => api.fetch('/patients', put())))
    equal(
      responses.map(({ status }) => status),
      Array(8).fill(200),
    )
    equal(service.keyFetches.length, 2)
    equal(new Set(service.exchanges.map(kidOf)).size, 2)
  },

  'the successor of a replaced key is found': async () => {
    const { service, api } = await pair()
    await api.fetch('/patients', put())
    await service.rotate()
    equal(await (await api.fetch('/patients', put())).json(), patient())
    equal(await (await api.fetch('/patients')).text(), '')
    equal(service.exchanges.at(-1)!.header.kid, service.jwk.kid)
  },

  'other problems, and a success that looks like one, cause no retry': async () => {
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
      equal((await api.fetch('/patients', put())).status, answer.status)
      equal(service.exchanges.length, 1)
    }
    equal(events, [])
  },

  'a device whose clock is slow by some minutes learns the time from the refusal': async () => {
    const { service, api } = await pair({}, { session: { maxAge: 60_000 } })
    service.clock = 600_000
    equal(await (await api.fetch('/patients', put())).json(), patient())
    ok(
      Math.abs(service.exchanges[0]!.header.iat * 1000 - Date.now() - 600_000) < 3_000,
      'the time of the service',
    )
    await api.fetch('/patients', put())
    equal(new Set(service.exchanges.map(kidOf)).size, 1, 'and keeps the session')
  },

  'a date further away than a session lasts is reported, not trusted': async () => {
    const { service, api } = await pair()
    for (const clock of [901_000 + 1_000, -901_000]) {
      service.clock = clock
      service.problems = ['session-expired']
      const error = await refused(api.fetch('/patients', put()), 'ERR_SESSION_EXPIRED')
      ok(error.message.includes('clock'), 'names the clock')
    }
    service.clock = 0
    equal((await api.fetch('/patients', put())).status, 200)
    ok(Math.abs(service.exchanges[0]!.header.iat * 1000 - Date.now()) < 3_000, 'the own time')
  },

  'the time of a service is forgotten with its keys': async () => {
    const { service, api } = await pair({}, { session: { maxAge: 60_000 } })
    service.clock = 600_000
    await api.fetch('/patients', put())
    service.clock = 0
    api.forget()
    await api.fetch('/patients', put())
    ok(Math.abs(service.exchanges[1]!.header.iat * 1000 - Date.now()) < 3_000, 'the own time')
  },

  'a request that may have been carried out is not sent again, unless the service can tell': async () => {
    const events: unknown[] = []
    const onRetry = (event: unknown) => events.push(event)
    for (const problem of ['session-expired', 'unknown-kid'])
      for (const method of ['POST', 'PATCH', 'LOCK', 'PUTS']) {
        const { service, api } = await pair({}, { onRetry })
        service.problems = [problem]
        const response = await api.fetch('/patients', { ...put(), method })
        equal([response.status, response.sealed, service.exchanges.length], [400, false, 0])
        equal(
          (await api.fetch('/patients', { ...put(), method })).status,
          200,
          'the next is in another session',
        )
        equal([...service.rids], [undefined])
        const all = await pair({}, { onRetry, retry: 'all' })
        const rids: unknown[] = []
        const { api: watched } = await pair(
          {},
          {
            retry: 'all',
            fetch: (async (url: string, init: any) => {
              if (init.body) rids.push(headerOf(JSON.parse(init.body).ssn).rid)
              return all.service.fetch(url, init)
            }) as never,
          },
        )
        all.service.problems = [problem]
        equal((await watched.fetch('/patients', { ...put(), method })).status, 200)
        equal([rids.length, new Set(rids).size, String(rids[0]).length], [2, 1, 22])
        await watched.fetch('/patients', { ...put(), method })
        equal(new Set(rids).size, 2, 'another request has another')
        await watched.fetch('/patients', put())
        equal(rids.at(-1), undefined, 'what may be repeated needs none')
      }
    equal(events, [])
  },

  '`forget` discards session and keys': async () => {
    const { service, api } = await pair()
    await api.fetch('/patients', put())
    api.forget()
    await api.fetch('/patients', put())
    equal(service.keyFetches.length, 2)
    equal(new Set(service.exchanges.map(kidOf)).size, 2)
  },

  '`forget` also discards what is just being begun': async () => {
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
    const first = api.fetch('/patients', put())
    while (gates.length < 1) await new Promise((resolve) => setTimeout(resolve))
    await service.rotate()
    api.forget()
    const second = api.fetch('/patients', put())
    while (gates.length < 2) await new Promise((resolve) => setTimeout(resolve))
    for (const open of gates) open()
    for (const response of await Promise.all([first, second])) equal(response.status, 200)
    equal(service.keyFetches.length, 2, 'earlier keys are not used again')
    equal(
      service.exchanges.map(({ header }) => header.kid),
      [service.jwk.kid, service.jwk.kid],
    )
  },

  'many requests under a replaced key fetch the keys once': async () => {
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
    const responses = await Promise.all(Array.from({ length: 10 }, () => api.fetch('/patients', put())))
    equal(new Set(responses.map(({ status }) => status)).size, 1)
    equal([responses[0]!.status, turn], [200, 10])
    equal(service.keyFetches.length, 2, 'the key of before, and once anew')
  },

  'a ticket that the service refuses is not sent again': async () => {
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
    for (let at = 0; at < 4; at++) statuses.push((await api.fetch('/patients', put())).status)
    equal(statuses, [200, 400, 200, 200])
    equal([service.unwraps, service.tickets], [2, 1])
  },

  'two clients share nothing': async () => {
    const first = await pair()
    const second = await pair({}, { fetch: first.service.fetch })
    await first.api.fetch('/patients', put())
    await second.api.fetch('/patients', put())
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
    await api.fetch('/patients', put())
    service.problems = ['session-expired']
    await watched.fetch('/patients', put())
    equal(bodies.length, 2)
    ok(bodies[0].ssn !== bodies[1].ssn && bodies[0].$jwe !== bodies[1].$jwe, 'all new')
    ok(headerOf(bodies[0].ssn).jti !== headerOf(bodies[1].ssn).jti, 'also the jti')
  },
}
