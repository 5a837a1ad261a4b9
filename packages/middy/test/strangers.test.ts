/**
 * Behind `decryptRequest`, what strangers send costs few calls of KMS, is not kept, and locks out no one else.
 */
import { randomBytes } from 'node:crypto'
import { KMSClient } from '@aws-sdk/client-kms'
import { defineFields } from '@glassine/core'
import { type KeyMaterialOptions, keyMaterial, kmsKeyring } from '@glassine/keys'
import { type LocalKms, startLocalKms } from '@glassine/local-kms'
import { type FieldShapeOptions, messageEnvelope } from '@glassine/message'
import { type DecryptRequestOptions, decryptRequest } from '@glassine/middy'
import { kmsAgreementRecipient, type SessionEnvelopeOptions, sessionEnvelope } from '@glassine/session'
import {
  countedKeyArn,
  countingKms,
  type ForgedKey,
  forgedMessage,
  withForgedKey,
} from '@glassine/test-support'
import { type SampleSource, sampleContext, sampleEvent } from '@glassine/testing'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import middy from '@middy/core'
import httpErrorHandler from '@middy/http-error-handler'
import { audience, beginSession, sealFields } from '../../session/test/support/device.ts'

const fields = defineFields<{ notes: string[] }>('patient', { 'notes[*]': {} })

let kms: LocalKms
let client: KMSClient
beforeAll(async () => {
  kms = await startLocalKms({ keys: ['alias/patients', 'alias/devices:ECC_NIST_P256:KEY_AGREEMENT'] })
  client = new KMSClient({ ...kms.clientOptions, maxAttempts: 1 })
})
afterAll(async () => {
  client.destroy()
  await kms.close()
})

type Event = Record<string, any>
type Options = Partial<DecryptRequestOptions>

const handlerOf = (
  envelope: DecryptRequestOptions['envelope'],
  options: Options = {},
): ((event: Event) => Promise<number>) => {
  const handler = middy()
    .use(httpErrorHandler({ logger: false }))
    .use(
      decryptRequest({
        fields,
        envelope,
        bind: ({ headers }) => ({ tenant: headers['x-tenant'] ?? headers['X-Tenant'] }),
        clearResponse: true,
        onRefused: () => {},
        ...options,
      }),
    )
    .handler(async () => ({ statusCode: 204 }))
  return async (event) => ((await handler(event as never, sampleContext())) as any).statusCode
}

const request = (
  notes: readonly string[],
  { tenant = 't-1', source = 'http-api' }: { tenant?: string; source?: SampleSource } = {},
): Event => {
  const event = sampleEvent(source, {
    method: 'POST',
    body: { notes },
    headers: { 'x-tenant': tenant },
  } as never) as Event
  // The samples have a user; who it is matters here.
  delete event.requestContext.authorizer
  return event
}

/** A service behind a KMS over HTTP: the status of a response, and the calls of `Decrypt` that it took. */
const service = (options: Partial<FieldShapeOptions> = {}, cache: Partial<KeyMaterialOptions> = {}) => {
  const keyring = () =>
    kmsKeyring({ keyId: kms.keys[0]!.arn, client, insecureEndpoint: kms.endpoint } as never)
  const keys = keyMaterial({ keyring: keyring(), ...cache })
  const envelope = messageEnvelope({ keys, ...options })
  const send = async (event: Event, more: Options = {}): Promise<[status: number, calls: number]> => {
    const before = kms.callCount('Decrypt')
    const status = await handlerOf(envelope, more)(event)
    return [status, kms.callCount('Decrypt') - before]
  }
  /** A genuine message, by default under a key of its own. */
  const writer = () => messageEnvelope({ keys: keyMaterial({ keyring: keyring() }), use: 'request' })
  const genuine = async (tenant = 't-1'): Promise<string> =>
    (await writer().encrypt({ notes: ['x'] }, fields, { binding: { tenant } })).notes[0] as unknown as string
  const held = (count: number, tenant?: string) =>
    Promise.all(Array.from({ length: count }, () => genuine(tenant)))
  const warm = async (count: number) => {
    const requests = await Promise.all(
      Array.from({ length: count }, async (_, at) =>
        request([await genuine(`warm-${at}`)], { tenant: `warm-${at}` }),
      ),
    )
    /** KMS calls of one request of each warm tenant. */
    const sendAll = async (): Promise<number> => {
      let all = 0
      for (const one of requests) {
        const [status, calls] = await send(one)
        expect(status).toBe(204)
        all += calls
      }
      return all
    }
    expect(await sendAll()).toBe(count)
    return sendAll
  }
  return { keys, send, genuine, held, warm }
}

const contextOf = (tenant = 't-1') => ({ 'glassine:model': 'patient', 'glassine:use': 'request', tenant })
const wrongKey = (): ForgedKey => ['aws-kms', kms.keys[0]!.arn, randomBytes(184)]
const forged = (tenant?: string, keys: readonly ForgedKey[] = [wrongKey()]): string =>
  forgedMessage(contextOf(tenant), keys)
const many = (count: number, make: () => string) => Array.from({ length: count }, make)

describe('junk headers', () => {
  test('are not remembered, and cost other tenants no call', async () => {
    const { keys, send, warm, genuine } = service({}, { cacheMaxEntries: 20 })
    const sendWarm = await warm(15)
    const { entries } = keys.stats()
    const own = await genuine('evil')
    const junk = (bytes: number): ForgedKey => ['x'.repeat(bytes), randomBytes(bytes), randomBytes(bytes + 1)]
    const kinds: readonly (() => string)[] = [
      () => forged('evil'),
      () => forged('evil', [wrongKey(), junk(1_000)]),
      // Longer than any honest header.
      () => forged('evil', [wrongKey(), junk(60_000)]),
      () => forgedMessage({ ...contextOf('evil'), junk: 'x'.repeat(2_000) }, [wrongKey()]),
      () => forgedMessage(contextOf(`evil ${randomBytes(500).toString('hex')}`), [wrongKey()]),
      // A genuine message with one key more: its tag is wrong.
      () => withForgedKey(own, junk(500)),
    ]
    for (let at = 0; at < 10; at++)
      for (const make of kinds) {
        const [status, calls] = await send(request([make()], { tenant: 'evil' }))
        expect(status).toBe(400)
        expect(calls).toBeLessThanOrEqual(1)
      }
    expect(keys.stats().entries).toBe(entries)
    expect(await sendWarm()).toBe(0)
    // The genuine message opens, although the ones that were made of it were refused.
    expect(await send(request([own], { tenant: 'evil' }))).toEqual([204, 1])
  })

  test('that are longer than 4,096 bytes, or of another tenant, model or use, cost no call', async () => {
    const { send } = service()
    const long: ForgedKey = ['aws-kms', kms.keys[0]!.arn, randomBytes(4_096)]
    for (const note of [
      forged('t-1', [long]),
      forged('t-2'),
      forgedMessage({ ...contextOf(), 'glassine:model': 'doctor' }, [wrongKey()]),
      forgedMessage({ ...contextOf(), 'glassine:use': 'response' }, [wrongKey()]),
      forgedMessage({ ...contextOf(), more: 'pairs' }, [wrongKey()]),
    ])
      expect(await send(request([note]))).toEqual([400, 0])
  })
})

describe('one payload', () => {
  test.each([
    [0, 1],
    [1, 5],
    [5, 21],
    [64, 64],
  ])(
    'of 5,000 messages, of which %d genuine ones are in front, makes %d calls at most',
    async (count, most) => {
      const { send, held } = service()
      // As many different keys as one payload may have.
      const keys = [...(await held(count)), ...many(64 - count, () => forged())]
      const notes = Array.from({ length: 5_000 }, (_, at) => keys[at % keys.length]!)
      const [status, calls] = await send(request(notes))
      expect(status).toBe(400)
      expect(calls).toBeGreaterThan(0)
      expect(calls).toBeLessThanOrEqual(most)
    },
  )

  test('of 5,000 messages, each under a key of its own, makes none', async () => {
    const { send } = service()
    const notes = many(5_000, () => forged())
    expect(await send(request(notes))).toEqual([400, 0])
  })

  test('makes as many calls as `maxKeysPerPayload` at most', async () => {
    const { send, held } = service({ maxKeysPerPayload: 3 })
    expect(await send(request(await held(4)))).toEqual([400, 0])
    const [, calls] = await send(request(await held(3)))
    expect(calls).toBeLessThanOrEqual(3)
  })

  test('whose messages name the key more than once makes one call', async () => {
    const { send } = service()
    expect(await send(request([forged('t-1', many(5, () => '').map(wrongKey))]))).toEqual([400, 1])
  })
})

test('what one tenant sends, however many keys it is under, costs other tenants no call', async () => {
  const { keys, send, warm, genuine } = service({ budget: false }, { cacheMaxEntries: 64 })
  const sendWarm = await warm(30)
  for (let at = 0; at < 80; at++)
    expect((await send(request([await genuine('evil')], { tenant: 'evil' })))[0]).toBe(204)
  expect(keys.stats().entries).toBeLessThanOrEqual(64)
  expect(await sendWarm()).toBe(0)
})

/** What AWS writes into an event about the sender that it has verified. */
const verified: readonly [string, SampleSource, (event: Event, who: string) => void][] = [
  [
    'the subject of a token, by an HTTP API',
    'http-api',
    ({ requestContext }, who) => {
      requestContext.authorizer = { jwt: { claims: { iss: 'https://idp.example', sub: who }, scopes: null } }
    },
  ],
  [
    'the client of a token without a subject',
    'http-api',
    ({ requestContext }, who) => {
      requestContext.authorizer = { jwt: { claims: { iss: 'https://idp.example', client_id: who } } }
    },
  ],
  [
    'the issuer of a token',
    'http-api',
    ({ requestContext }, who) => {
      requestContext.authorizer = { jwt: { claims: { iss: `https://${who}.example`, sub: 'u-1' } } }
    },
  ],
  [
    'the role of an HTTP API with IAM',
    'http-api',
    ({ requestContext }, who) => {
      const userArn = `arn:aws:sts::111122223333:assumed-role/${who}/session-${Math.random()}`
      requestContext.authorizer = { iam: { userArn } }
    },
  ],
  [
    'the role of a function URL with IAM',
    'function-url',
    ({ requestContext }, who) => {
      const userArn = `arn:aws:sts::111122223333:assumed-role/${who}/session-${Math.random()}`
      requestContext.authorizer = { iam: { userArn } }
    },
  ],
  [
    'the identity of a pool whose users share a role, by an HTTP API',
    'http-api',
    ({ requestContext }, who) => {
      const userArn = 'arn:aws:sts::111122223333:assumed-role/Users/CognitoIdentityCredentials'
      requestContext.authorizer = { iam: { userArn, cognitoIdentity: { identityId: `eu-west-1:${who}` } } }
    },
  ],
  [
    'whom a Lambda authorizer of an HTTP API names',
    'http-api',
    ({ requestContext }, who) => {
      requestContext.authorizer = { lambda: { principalId: who } }
    },
  ],
  [
    'the subject that a Lambda authorizer of an HTTP API names',
    'http-api',
    ({ requestContext }, who) => {
      requestContext.authorizer = { lambda: { sub: who, plan: 'free' } }
    },
  ],
  [
    'the subject of a token, by a REST API',
    'rest',
    ({ requestContext }, who) => {
      requestContext.authorizer = { claims: { iss: 'https://idp.example', sub: who } }
    },
  ],
  [
    'the user of a REST API with IAM',
    'rest',
    ({ requestContext }, who) => {
      requestContext.identity.userArn = `arn:aws:iam::111122223333:user/${who}`
    },
  ],
  [
    'the identity of a pool whose users share a role, by a REST API',
    'rest',
    ({ requestContext }, who) => {
      requestContext.identity.userArn =
        'arn:aws:sts::111122223333:assumed-role/Users/CognitoIdentityCredentials'
      requestContext.identity.cognitoIdentityId = `eu-west-1:${who}`
    },
  ],
  [
    'whom a Lambda authorizer of a REST API names',
    'rest',
    ({ requestContext }, who) => {
      requestContext.authorizer = { principalId: who, integrationLatency: Math.random() }
    },
  ],
  [
    'the subject beside a constant of a Lambda authorizer',
    'rest',
    ({ requestContext }, who) => {
      requestContext.authorizer = { principalId: 'user', sub: who }
    },
  ],
  [
    'the subject of a client certificate, by an HTTP API',
    'http-api',
    ({ requestContext }, who) => {
      requestContext.authentication = { clientCert: { subjectDN: `CN=${who}` } }
    },
  ],
  [
    'the subject of a client certificate, by a REST API',
    'rest',
    ({ requestContext }, who) => {
      requestContext.identity.clientCert = { subjectDN: `CN=${who}` }
    },
  ],
]

describe('the budget of a sender', () => {
  const budget = { calls: 20, refusals: 3 }

  test.each(verified)(
    'is of %s: a spent one is answered 429 without a call, and another of the tenant is not',
    async (_, source, sign) => {
      const { send, genuine } = service({ budget })
      const by = (who: string, note: string): Event => {
        const event = request([note], { source })
        sign(event, who)
        return event
      }
      const cached = await genuine()
      expect(await send(by('Mallory', cached))).toEqual([204, 1])
      for (let at = 0; at < 3; at++) expect(await send(by('Mallory', forged()))).toEqual([400, 1])
      expect(await send(by('Mallory', forged()))).toEqual([429, 0])
      const next = await genuine()
      expect(await send(by('Mallory', next))).toEqual([429, 0])
      expect(await send(by('Alice', next))).toEqual([204, 1])
      // Cached keys serve both.
      expect(await send(by('Mallory', cached))).toEqual([204, 0])
      expect(await send(by('Mallory', next))).toEqual([204, 0])
    },
  )

  test('ends with its calls, genuine or not', async () => {
    const { send, held } = service({ budget: { calls: 4 } })
    const options: Options = { principal: () => 'Mallory' }
    for (const note of await held(4)) expect(await send(request([note]), options)).toEqual([204, 1])
    const [last] = await held(1)
    expect(await send(request([last!]), options)).toEqual([429, 0])
    expect(await send(request([last!]), { principal: () => 'Alice' })).toEqual([204, 1])
  })

  test('is 10 refusals a minute by default, of each principal', async () => {
    const { send, genuine } = service()
    const options: Options = { principal: () => 'Mallory' }
    for (let at = 0; at < 10; at++) expect(await send(request([forged()]), options)).toEqual([400, 1])
    expect(await send(request([await genuine()]), options)).toEqual([429, 0])
  })

  test('without an authorizer is none: however much a stranger sends, no one is locked out', async () => {
    const { send, genuine } = service()
    for (let at = 0; at < 30; at++) expect(await send(request([forged()]))).toEqual([400, 1])
    expect(await send(request([await genuine()]))).toEqual([204, 1])
  })

  test.each<[string, (event: Event) => void]>([
    ['headers', ({ headers }) => Object.assign(headers, { authorization: 'Bearer x', 'x-sub': 'Alice' })],
    [
      'the body',
      (event) => {
        const sent = JSON.parse(event.body)
        event.body = JSON.stringify({ ...sent, sub: 'Alice', identity: { claims: { sub: 'Alice' } } })
      },
    ],
    ['an address', ({ requestContext }) => Object.assign(requestContext.http, { sourceIp: '203.0.113.9' })],
    [
      'an inherited claim',
      ({ requestContext }) => {
        requestContext.authorizer = { jwt: Object.create({ claims: { sub: 'Alice' } }) }
      },
    ],
    [
      'a list',
      ({ requestContext }) => {
        requestContext.authorizer = { jwt: { claims: { sub: ['Alice'] } }, principalId: ['Alice'] }
      },
    ],
  ])('is not spent by %s that AWS has not verified', async (_, write) => {
    const { send, genuine } = service({ budget: undefined })
    const by = (note: string): Event => {
      const event = request([note])
      write(event)
      return event
    }
    for (let at = 0; at < 12; at++) expect(await send(by(forged()))).toEqual([400, 1])
    expect(await send(by(await genuine()))).toEqual([204, 1])
  })

  test('is not spent by the whole event that a direct invoker writes', async () => {
    const { send, genuine } = service()
    const by = (note: string): Event => ({
      notes: [note],
      identity: { claims: { iss: 'https://idp.example', sub: 'Alice' } },
    })
    const options: Options = { bind: () => ({ tenant: 't-1' }) }
    for (let at = 0; at < 12; at++) expect(await send(by(forged()), options)).toEqual([400, 1])
    expect(await send(by(await genuine()), options)).toEqual([204, 1])
  })

  test('is of whom the option `principal` names, whatever AWS has verified', async () => {
    const { send, genuine } = service({ budget })
    const by = (user: string, note: string): Event => {
      const event = request([note])
      event.requestContext.authorizer = { jwt: { claims: { sub: 'gateway' } } }
      event.headers['x-user'] = user
      return event
    }
    const options: Options = { principal: ({ headers }) => headers['x-user'] }
    for (let at = 0; at < 3; at++) expect(await send(by('Mallory', forged()), options)).toEqual([400, 1])
    expect(await send(by('Mallory', await genuine()), options)).toEqual([429, 0])
    expect(await send(by('Alice', await genuine()), options)).toEqual([204, 1])
  })

  test('is none where the option `principal` names no one', async () => {
    const { send, genuine } = service()
    const options: Options = { principal: () => undefined }
    const by = (note: string): Event => {
      const event = request([note])
      event.requestContext.authorizer = { jwt: { claims: { sub: 'gateway' } } }
      return event
    }
    for (let at = 0; at < 12; at++) expect(await send(by(forged()), options)).toEqual([400, 1])
    expect(await send(by(await genuine()), options)).toEqual([204, 1])
  })
})

test('a sender whose budget is spent stays spent, whatever 10,001 others send', async () => {
  const counted = countingKms()
  const keyring = kmsKeyring({ keyId: countedKeyArn, client: counted.client as never })
  const envelope = messageEnvelope({ keys: keyMaterial({ keyring }), budget: { refusals: 2 } })
  const { notes } = await messageEnvelope({ keys: keyMaterial({ keyring }), use: 'request' }).encrypt(
    { notes: ['x'] },
    fields,
    { binding: { tenant: 't-1' } },
  )
  const genuine = request(notes as unknown as string[])
  const send = handlerOf(envelope, { principal: ({ headers }) => headers['x-user'] })
  const by = (who: string, event = genuine): Promise<number> =>
    send({ ...event, headers: { ...event.headers, 'x-user': who } })
  const forgery = (): Event => ({ ...genuine, body: JSON.stringify({ notes: [forgedMessage(contextOf())] }) })
  for (let at = 0; at < 2; at++) expect(await by('Mallory', forgery())).toBe(400)
  expect(await by('Mallory')).toBe(429)
  for (let other = 0; other < 10_001; other++) await by(`other-${other}`, forgery())
  expect(counted.count.decrypt).toBe(2 + 10_001)
  expect(await by('Mallory')).toBe(429)
  expect(await by('Alice')).toBe(204)
}, 60_000)

describe('the budget of sessions, which cost a call each', () => {
  const resource = { method: 'POST', path: '/patients', query: [] }
  const sessions = (budget: SessionEnvelopeOptions['budget']) => {
    const reach = { client, insecureEndpoint: kms.endpoint }
    const recipients = kmsAgreementRecipient({ keyId: 'alias/devices', ...reach })
    const envelope = sessionEnvelope({ recipients, audience, budget })
    return async (who: string | undefined, isForged = false): Promise<[status: number, calls: number]> => {
      const [jwk] = await recipients.jwks({ deadline: () => Date.now() + 10_000 })
      const device = await beginSession(jwk)
      const place = { resource, binding: { tenant: 't-1' } }
      const body = await sealFields(device, { notes: ['x'] }, fields, place)
      const tag = isForged ? randomBytes(16).toString('base64url') : body.$jwe.split('.')[4]
      const event = request([])
      event.body = JSON.stringify({ ...body, $jwe: body.$jwe.replace(/[^.]+$/, tag) })
      if (who !== undefined) event.requestContext.authorizer = { jwt: { claims: { sub: who } } }
      const before = kms.callCount('DeriveSharedSecret')
      const status = await handlerOf(envelope, { resource: () => resource })(event)
      return [status, kms.callCount('DeriveSharedSecret') - before]
    }
  }

  test('is of the sender that AWS has verified: a spent one is answered 429, and another of the tenant is not', async () => {
    const send = sessions({ sessions: 20, refusals: 3 })
    for (let at = 0; at < 3; at++) expect(await send('Mallory', true)).toEqual([400, 1])
    expect(await send('Mallory', true)).toEqual([429, 0])
    expect(await send('Mallory')).toEqual([429, 0])
    expect(await send('Alice')).toEqual([204, 1])
  })

  test('ends with its sessions', async () => {
    const send = sessions({ sessions: 2 })
    for (let at = 0; at < 2; at++) expect(await send('Mallory')).toEqual([204, 1])
    expect(await send('Mallory')).toEqual([429, 0])
    expect(await send('Alice')).toEqual([204, 1])
  })

  test('is none without an authorizer: no one is locked out', async () => {
    const send = sessions(undefined)
    for (let at = 0; at < 12; at++) expect(await send(undefined, true)).toEqual([400, 1])
    expect(await send(undefined)).toEqual([204, 1])
  })
})
