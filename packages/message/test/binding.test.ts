import { createHash } from 'node:crypto'
import { Authenticated, arrayOf, defineFields, Encrypted, Model, Nested } from '@glassine/core'
import { keyMaterial } from '@glassine/keys'
import { encrypt } from '@glassine/message/bytes'
import { codeOf, rejection } from '@glassine/test-support'
import { describe, expect, it } from '@jest/globals'
import { type MessageEnvelopeOptions, messageEnvelope } from '../src/index.ts'
import { expectUniformFailure } from './support/expect.ts'
import { counted, rawKeyring, rawKeys } from './support/keys.ts'
import { peer, peerKeyring } from './support/peer.ts'

class Visit {
  @Authenticated() id!: string
  @Encrypted() note!: Encrypted<string>
}
@Model('account')
class Account {
  @Authenticated() id!: string
  @Authenticated({ optional: true }) branch?: number
  @Encrypted() iban!: Encrypted<string>
  @Encrypted({ optional: true }) amount?: Encrypted<number>
  @Nested(() => Visit, { in: 'array', optional: true }) visits?: Visit[]
}

const binding = { tenant: 't-1' }
const account = (): Account => ({
  id: 'a-1',
  iban: 'BE71 0961 2345 6769',
  amount: 12,
  visits: [
    { id: 'v-1', note: 'first' },
    { id: 'v-2', note: 'second' },
  ],
})

/** Messages of other libraries bind no authenticated field, so that their models have none. */
const bareAccount = defineFields<any>('account', { iban: {}, amount: { optional: true } })

const shapes = [{ shape: 'field' }, { shape: 'bundle' }] as const
const envelopeOf = (options: object) =>
  messageEnvelope(options as MessageEnvelopeOptions & { shape: 'bundle' })

describe.each(shapes)('a message for one use is refused for every other, $shape', (shape) => {
  const keys = counted()
  const services = envelopeOf({ keys, ...shape })
  const uses = [
    'request',
    'response',
    'request:patients',
    'queue:orders',
    'topic:orders',
    'store:orders',
    'state:orders',
  ]

  it.each(uses)('the use %s', async (use) => {
    const sealed = await services.encrypt(account(), Account, { binding, use })
    expect(await services.decrypt(sealed, Account, { binding, use })).toEqual(account())
    const before = keys.requests
    for (const other of uses.filter((one) => one !== use))
      await expectUniformFailure(services.decrypt(sealed, Account, { binding, use: other }))
    // Refused by the header: no key was requested.
    expect(keys.requests).toBe(before)
  })

  it("`service` narrows the middlewares' uses to one service", async () => {
    const patients = envelopeOf({ keys, service: 'patients', ...shape })
    const sealed = await services.encrypt(account(), Account, { binding, use: 'request:patients' })
    expect(await patients.decrypt(sealed, Account, { binding, use: 'request' })).toEqual(account())
    await expectUniformFailure(patients.decrypt(sealed, Account, { binding, use: 'response' }))
    await expectUniformFailure(services.decrypt(sealed, Account, { binding, use: 'request' }))
  })

  it('nothing is encrypted or decrypted without a use', async () => {
    const sealed = await services.encrypt(account(), Account, { binding, use: 'request' })
    for (const use of [undefined, 'any', '*', 'queue:'])
      for (const work of [
        services.encrypt(account(), Account, { binding, use }),
        services.decrypt(sealed, Account, { binding, use }),
      ])
        expect((await rejection(work)).cause.option).toBe('use')
  })

  it('an event cannot set the use', async () => {
    const options = { binding: { tenant: 't-1', 'glassine:use': 'request' }, use: 'queue:orders' }
    expect(await codeOf(() => services.encrypt(account(), Account, options))).toBe('ERR_BINDING_INVALID')
  })

  it('messages without a use are read only on request, and ours never are', async () => {
    const others = envelopeOf({ keys, use: false, bindFields: false, values: 'json' })
    const sealed: any = await services.encrypt(account(), Account, { binding, use: 'request' })
    const text = sealed.sealed ?? sealed.iban
    await expectUniformFailure(
      others.decrypt({ ...account(), iban: text }, bareAccount, { binding, partial: true }),
    )
  })
})

describe.each(shapes)('a message of one record is refused in every other, $shape', (shape) => {
  const services = envelopeOf({ keys: rawKeys(), use: 'request', ...shape })
  const seal = async (change: Partial<Account> = {}): Promise<any> =>
    structuredClone(await services.encrypt({ ...account(), ...change }, Account, { binding }))
  const open = (payload: unknown, partial = false) =>
    services.decrypt(payload as never, Account, { binding, partial })

  it.each<[string, (p: any) => void]>([
    ['another id', (p) => Object.assign(p, { id: 'a-2' })],
    ['an id of another type', (p) => Object.assign(p, { id: ['a-1'] })],
    ['an id that was absent', (p) => Object.assign(p, { branch: 7 })],
    ['no id', (p) => delete p.id],
    [
      'the ids of two visits exchanged',
      (p) => ([p.visits[0].id, p.visits[1].id] = [p.visits[1].id, p.visits[0].id]),
    ],
    ['two visits exchanged', (p) => p.visits.reverse()],
    ['a visit with the id of another', (p) => Object.assign(p.visits[1], { id: 'v-1' })],
  ])('refuses %s', async (_name, change) => {
    const payload = await seal()
    change(payload)
    expect(['ERR_DECRYPT_FAILED', 'ERR_FIELD_MISSING', 'ERR_VALUE_INVALID']).toContain(
      await codeOf(() => open(payload)),
    )
  })

  it('refuses an id that was removed', async () => {
    const payload = await seal({ branch: 7 })
    expect(await open(payload)).toEqual({ ...account(), branch: 7 })
    delete payload.branch
    await expectUniformFailure(open(payload))
  })

  it('refuses numbers that JSON.parse makes equal, so that two ids never become one', async () => {
    expect(await codeOf(() => seal({ branch: 2 ** 53 }))).toBe('ERR_VALUE_INVALID')
    const payload = await seal({ branch: 1000 })
    expect(await open(JSON.parse(JSON.stringify(payload).replace('1000', '1e3')))).toEqual({
      ...account(),
      branch: 1000,
    })
  })

  it('refuses a payload with an id and no encrypted value, even a partial one', async () => {
    expect(await codeOf(() => open({ id: 'a-2' }, true))).toBe('ERR_FIELD_MISSING')
  })

  it('costs no extra key and no extra call', async () => {
    let calls = 0
    const keyring = rawKeyring()
    const generate = (request: never) => {
      calls++
      return keyring.generate(request)
    }
    const counting = { ...keyring, generate }
    const own = envelopeOf({ keys: keyMaterial({ keyring: counting as never }), use: 'request', ...shape })
    for (let at = 0; at < 20; at++) await own.encrypt({ ...account(), id: `a-${at}` }, Account, { binding })
    expect(calls).toBe(1)
  })
})

describe('the values of one payload belong together', () => {
  const services = messageEnvelope({ keys: rawKeys(), use: 'request' })
  const seal = async (): Promise<any> =>
    structuredClone(await services.encrypt(account(), Account, { binding }))
  const open = (payload: unknown, partial = false) =>
    services.decrypt(payload as never, Account, { binding, partial })

  it.each<[string, (p: any, other: any) => void]>([
    ['a field of another sealing of the record', (p, other) => Object.assign(p, { iban: other.iban })],
    ['an optional field that was taken out', (p) => delete p.amount],
    ['a list that was cut', (p) => p.visits.pop()],
    ['a list with an element added', (p, other) => p.visits.push(other.visits[0])],
  ])('refuses %s', async (_name, change) => {
    const [payload, other] = [await seal(), await seal()]
    change(payload, other)
    await expectUniformFailure(open(payload))
    expect(await codeOf(() => open(payload, true))).toBe('ERR_DECRYPT_FAILED')
  })

  it('encrypting a payload twice gives two sets', async () => {
    const sets = new Set<string>()
    for (let at = 0; at < 50; at++) {
      const { iban } = await seal()
      const { plaintext } = await peer.decrypt(peerKeyring(), Buffer.from(iban, 'base64'))
      sets.add(JSON.parse(plaintext.toString()).set[0])
    }
    expect(sets.size).toBe(50)
  })

  it("`bindFields: 'place'` lets fields be encrypted and replaced one by one", async () => {
    const store = messageEnvelope({ keys: rawKeys(), use: 'store:accounts', bindFields: 'place' })
    const [one, other]: any[] = [
      await store.encrypt(account(), Account, { binding }),
      await store.encrypt({ ...account(), amount: 99 }, Account, { binding }),
    ]
    expect(await store.decrypt({ ...one, amount: other.amount }, Account, { binding })).toEqual({
      ...account(),
      amount: 99,
    })
    await expectUniformFailure(store.decrypt({ ...one, id: 'a-2' }, Account, { binding }))
    // Neither layout opens as the other.
    const bound = messageEnvelope({ keys: rawKeys(), use: 'store:accounts' })
    await expectUniformFailure(bound.decrypt(one, Account, { binding }))
    await expectUniformFailure(
      store.decrypt((await bound.encrypt(account(), Account, { binding })) as any, Account, { binding }),
    )
  })
})

class Remark {
  @Authenticated() id!: string
  @Encrypted({ optional: true }) note?: Encrypted<string>
}
class Office {
  @Authenticated({ optional: true }) city?: string
}
@Model('ward')
class Ward {
  @Authenticated() id!: string
  @Encrypted() head!: Encrypted<string>
  @Nested(() => Office) office!: Office
  @Nested(() => Remark, { in: 'array' }) remarks!: Remark[]
}
const lists = defineFields<any>('lists', {
  head: {},
  'rows[*].note': { optional: true },
  'rows[*].cells[*].text': { optional: true },
})

describe('parts of a payload that no value is in', () => {
  const keys = rawKeys()
  const services = messageEnvelope({ keys, use: 'request' })
  const ward = (): any => ({
    id: 'w-1',
    head: 'Dr Who',
    office: {},
    remarks: [{ id: 'r-1', note: 'calm' }, { id: 'r-2' }],
  })
  const sealed = async (fields: any, payload: any): Promise<any> =>
    JSON.parse(JSON.stringify(await services.encrypt(payload, fields, { binding })))
  const open = (payload: any, fields: any = Ward): Promise<any> =>
    services.decrypt(payload, fields, { binding })

  it.each(shapes)('come back as they were, $shape', async ({ shape }) => {
    const envelope = envelopeOf({ keys, use: 'request', shape })
    for (const payload of [ward(), { ...ward(), office: { city: 'Ghent' } }, { ...ward(), remarks: [] }]) {
      const message = structuredClone(await envelope.encrypt(payload, Ward, { binding }))
      expect(await envelope.decrypt(message as never, Ward, { binding })).toEqual(payload)
    }
  })

  it.each(shapes)('an id that stands beside no value is bound like any other, $shape', async ({ shape }) => {
    const envelope = envelopeOf({ keys, use: 'request', shape })
    for (const change of [
      (p: any) => (p.remarks[1].id = 'r-3'),
      (p: any) => (p.office.city = 'Ghent'),
      (p: any) => p.remarks.push({ id: 'r-3' }),
      (p: any) => p.remarks.pop(),
    ]) {
      const message: any = structuredClone(await envelope.encrypt(ward(), Ward, { binding }))
      change(message)
      await expectUniformFailure(envelope.decrypt(message, Ward, { binding }))
    }
    const located: any = await envelope.encrypt({ ...ward(), office: { city: 'Ghent' } }, Ward, { binding })
    await expectUniformFailure(
      envelope.decrypt({ ...located, office: { city: 'Bruges' } }, Ward, { binding }),
    )
    await expectUniformFailure(envelope.decrypt({ ...located, office: {} }, Ward, { binding }))
  })

  it.each<[string, (p: any) => void]>([
    ['loses an element without a value', (p) => p.rows.pop()],
    ['gains an element without a value', (p) => p.rows.push({})],
    ['loses all its elements without a value', (p) => p.rows.splice(1)],
    ['gains an element in an inner list', (p) => p.rows[0].cells.push({})],
    ['loses an inner list', (p) => delete p.rows[0].cells],
  ])('a list that %s is refused', async (_name, change) => {
    const message = await sealed(lists, {
      head: 'x',
      rows: [{ note: 'calm', cells: [{}, {}] }, {}, { cells: [] }],
    })
    expect((await open(structuredClone(message), lists)).rows).toHaveLength(3)
    change(message)
    await expectUniformFailure(open(message, lists))
  })

  it('a list whose elements all have values gains none without one', async () => {
    const message = await sealed(lists, { head: 'x', rows: [{ note: 'calm' }] })
    message.rows.push({})
    await expectUniformFailure(open(message, lists))
  })

  it('are in the plaintext as a digest that other languages can make', async () => {
    const message = await sealed(Ward, ward())
    const { plaintext } = await peer.decrypt(peerKeyring(), Buffer.from(message.head, 'base64'))
    const digest = createHash('sha256')
      .update('{"/remarks/-":2,"/remarks/1/id":"r-2"}')
      .digest()
      .subarray(0, 16)
      .toString('base64url')
    const { set } = JSON.parse(plaintext.toString())
    expect(set).toEqual([expect.stringMatching(/^[\w-]{22}$/), 2, digest])
    const written = async (own: unknown): Promise<any> => {
      const encryptionContext = { ...binding, 'glassine:use': 'request', 'glassine:model': 'ward' }
      const seal = async (place: object) =>
        (
          await encrypt(keys, JSON.stringify({ ...place, set: own }, null, 1), { encryptionContext })
        ).result.toString('base64')
      return {
        ...ward(),
        head: await seal({ '/head': 'Dr Who', '/id': 'w-1' }),
        remarks: [
          {
            id: 'r-1',
            note: await seal({ '/remarks/0/note': 'calm', '/id': 'w-1', '/remarks/0/id': 'r-1' }),
          },
          { id: 'r-2' },
        ],
      }
    }
    expect(await open(await written(set))).toEqual(ward())
    for (const other of [set.slice(0, 2), [...set, 1], [set[0], 2, set[0]], [set[0], 2, null]])
      await expectUniformFailure(open(await written(other)))
  })

  it("`bindFields: 'place'` refuses an id that no value would authenticate", async () => {
    const store = messageEnvelope({ keys, use: 'store:wards', bindFields: 'place' })
    expect(await codeOf(() => store.encrypt(ward(), Ward, { binding }))).toBe('ERR_FIELD_MISSING')
    const whole = { ...ward(), remarks: [{ id: 'r-1', note: 'calm' }] }
    const message: any = structuredClone(await store.encrypt(whole, Ward, { binding }))
    expect(await store.decrypt(message, Ward, { binding })).toEqual(whole)
    message.remarks.push({ id: 'r-2' })
    expect(await codeOf(() => store.decrypt(message, Ward, { binding }))).toBe('ERR_FIELD_MISSING')
  })
})

describe('a payload without any encrypted value', () => {
  const services = messageEnvelope({ keys: rawKeys(), use: 'request' })
  const rows = defineFields<any>('rows', { 'rows[*].note': {} })
  const accounts = arrayOf(Account)

  it.each<[string, any, any]>([
    ['a list at the root', accounts, []],
    ['the only list', rows, { rows: [] }],
    ['the only record', defineFields<any>('record', { 'phones.*': {} }), { phones: {} }],
  ])('is refused where %s was emptied, unless the caller says `partial`', async (_name, fields, empty) => {
    expect(await codeOf(() => services.decrypt(empty, fields, { binding }))).toBe('ERR_FIELD_MISSING')
    expect(await services.decrypt(empty, fields, { binding, partial: true })).toEqual(empty)
  })

  it.each([
    ['an empty list', accounts, []],
    ['an empty list in an object', rows, { rows: [] }],
  ])('can be written as %s: a search finds nothing, too', async (_name, fields: any, empty: any) => {
    expect(await services.encrypt(empty, fields, { binding })).toEqual(empty)
  })

  it('is written neither without a required field nor beside an authenticated member', async () => {
    const codeOfWriting = (fields: any, payload: any) =>
      codeOf(() => services.encrypt(payload, fields, { binding }))
    expect(await codeOfWriting(rows, { rows: [{}] })).toBe('ERR_FIELD_MISSING')
    const named = defineFields<any>('rows', { 'rows[*].note': {}, id: { authenticated: true } })
    expect(await codeOfWriting(named, { id: 'a-1', rows: [] })).toBe('ERR_FIELD_MISSING')
  })

  it('passes where all encrypted fields are declared optional', async () => {
    const fields = defineFields<any>('rows', { 'rows[*].note': { optional: true }, tip: { optional: true } })
    for (const empty of [{}, { rows: [] }, { rows: [{}] }])
      expect(await services.decrypt(empty, fields, { binding })).toEqual(empty)
  })

  it('is found in a model that contains itself', async () => {
    @Model('node')
    class Node {
      @Nested(() => Node, { in: 'array' }) children!: Node[]
      @Encrypted({ optional: true }) note?: Encrypted<string>
    }
    expect(await services.decrypt({ children: [] } as never, Node, { binding })).toEqual({ children: [] })
  })
})

describe('plaintexts written by other languages, in any order and with white space', () => {
  const keys = rawKeys()
  const services = messageEnvelope({ keys, use: 'request' })
  const model = 'account'
  const sealedBy = async (text: string): Promise<any> => {
    const encryptionContext = { ...binding, 'glassine:use': 'request', 'glassine:model': model }
    const { result } = await encrypt(keys, text, { encryptionContext })
    return { id: 'a-1', iban: result.toString('base64') }
  }
  const open = (payload: unknown) => services.decrypt(payload as never, Account, { binding })
  const set = '"set":["AAAAAAAAAAAAAAAAAAAAAA",1]'

  it.each([
    [`{ ${set} , "/id" : "a-1" , "/iban" : "x" }`],
    [`{"/iban":"x","/id":"a-1",${set}}`],
    [`{"/id":"\\u0061-1",${set},"/iban":"x"}`],
  ])('%s is read', async (text) => {
    expect(await open(await sealedBy(text))).toEqual({ id: 'a-1', iban: 'x' })
  })

  it.each([
    [`{${set},"/iban":"x"}`],
    [`{"/id":"a-1","/iban":"x"}`],
    [`{${set},"/id":"a-1","/iban":"x","/amount":1}`],
    [`{${set},"/id":"a-1","/branch":7,"/iban":"x"}`],
    [`{${set},"/id":"a-2","/iban":"x"}`],
    [`{"set":["AAAAAAAAAAAAAAAAAAAAAA",2],"/id":"a-1","/iban":"x"}`],
    [`{"set":["AAAA",1],"/id":"a-1","/iban":"x"}`],
    [`{"set":["AAAAAAAAAAAAAAAAAAAAAA",1,1],"/id":"a-1","/iban":"x"}`],
    [`{"set":"AAAAAAAAAAAAAAAAAAAAAA","/id":"a-1","/iban":"x"}`],
    [`{${set},"/id":"a-1","/iban":"x"} x`],
    [`{${set},"/id":"a-1","/iban":1e999}`],
  ])('%s is refused', async (text) => {
    await expectUniformFailure(open(await sealedBy(text)))
  })
})

describe('every value that is decrypted can be encrypted again', () => {
  const keys = rawKeys()
  const services = messageEnvelope({ keys, use: 'request', bindFields: 'place' })
  it.each([['1e999'], ['['.repeat(101) + ']'.repeat(101)], ['12345678901234567890']])(
    'refuses %s',
    async (value) => {
      const encryptionContext = { ...binding, 'glassine:use': 'request', 'glassine:model': 'account' }
      const { result } = await encrypt(keys, `{"/id":"a-1","/iban":${value}}`, { encryptionContext })
      await expectUniformFailure(
        services.decrypt({ id: 'a-1', iban: result.toString('base64') } as any, Account, { binding }),
      )
    },
  )

  it('refuses text that looks like a ciphertext', async () => {
    const inner: any = await services.encrypt(account(), Account, { binding })
    const encryptionContext = { ...binding, 'glassine:use': 'request', 'glassine:model': 'account' }
    const { result } = await encrypt(keys, `{"/id":"a-1","/iban":"${inner.iban}"}`, { encryptionContext })
    const opened = services.decrypt({ id: 'a-1', iban: result.toString('base64') } as any, Account, {
      binding,
    })
    expect(await codeOf(() => opened)).toBe('ERR_VALUE_INVALID')
  })
})

describe('`values` says what messages from other libraries contain', () => {
  const keys = rawKeys()
  const bare = async (text: string, values: 'text' | 'json'): Promise<unknown> => {
    const { result } = await encrypt(keys, text, { encryptionContext: binding })
    const others = messageEnvelope({ keys, use: false, bindFields: false, values })
    const opened = await others.decrypt({ id: 'a-1', iban: result.toString('base64') }, bareAccount, {
      binding,
    })
    return opened.iban
  }
  it.each(['123456', '012345', 'true', '{"a":1}', '', 'ü'])('reads %p as text', async (text) => {
    expect(await bare(text, 'text')).toBe(text)
  })
  it('reads JSON', async () => {
    expect(await bare('123456', 'json')).toBe(123456)
    await expectUniformFailure(bare('012345', 'json'))
  })
  it('writes what it reads', async () => {
    const others = messageEnvelope({ keys, use: false, bindFields: false, values: 'text' })
    const sealed: any = await others.encrypt({ id: 'a-1', iban: '012345' }, bareAccount, { binding })
    expect((await peer.decrypt(peerKeyring(), Buffer.from(sealed.iban, 'base64'))).plaintext.toString()).toBe(
      '012345',
    )
    const number = others.encrypt({ id: 'a-1', iban: 'x', amount: 7 }, bareAccount, { binding })
    expect((await rejection(number)).cause.path).toBe('/amount')
  })
})

describe('the operator learns what differs, the caller does not', () => {
  const services = messageEnvelope({ keys: rawKeys() })
  it.each([
    [{ binding: { tenant: 't-2' }, use: 'request' }, 'tenant'],
    [{ binding, use: 'response' }, 'glassine:use'],
    [{ binding: {}, use: 'request' }, '1 other names'],
  ])('%j', async (options, reason) => {
    const sealed = await services.encrypt(account(), Account, { binding, use: 'request' })
    const error = await rejection(services.decrypt(sealed, Account, options))
    expect(error.message).toBe('The encrypted fields of the request could not be decrypted')
    expect(error.cause.reason).toBe(`the encryption context differs in ${reason}`)
    expect(error.cause.reason).not.toContain('t-')
  })
})
