/** What strangers send costs few calls of KMS, is not kept, and takes nothing from others. */
import { defineFields, type EnvelopeOptions } from '@glassine/core'
import { type KeyMaterial, type Keyring, keyMaterial, kmsKeyring } from '@glassine/keys'
import { rawAesKeyring } from '@glassine/keys/raw-aes'
import { type MessageEnvelopeOptions, messageEnvelope } from '@glassine/message'
import {
  codeOf,
  countedKeyArn,
  countingKms,
  forgedKey,
  forgedMessage,
  refusedOption,
  withForgedKey,
} from '@glassine/test-support'
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { rawAes } from './support/keys.ts'

const fields = defineFields<{ notes: string[] }>('patient', { 'notes[*]': {} })
const binding = { tenant: 't-1' }
const context = { 'glassine:model': 'patient', 'glassine:use': 'request', ...binding }

const start = 1_700_000_000_000
let now = start
beforeEach(() => {
  now = start
  jest.spyOn(Date, 'now').mockImplementation(() => now)
})
afterEach(() => {
  jest.restoreAllMocks()
})

const setUp = (options: Partial<MessageEnvelopeOptions> = {}, keyring: object = { keyId: countedKeyArn }) => {
  const kms = countingKms()
  const keys = () => keyMaterial({ keyring: kmsKeyring({ ...keyring, client: kms.client as never }) })
  const reader = messageEnvelope({ keys: keys(), use: 'request', ...options } as any)
  /** A genuine message under a key of its own. */
  const genuine = async (of: { tenant: string } = binding): Promise<string> => {
    const keyring = kmsKeyring({ keyId: countedKeyArn, client: kms.client as never })
    const writer = messageEnvelope({ keys: keyMaterial({ keyring }), use: 'request' })
    return (await writer.encrypt({ notes: ['x'] }, fields, { binding: of })).notes[0] as unknown as string
  }
  const held = (count: number) => Promise.all(Array.from({ length: count }, () => genuine()))
  const open = (notes: readonly string[], more: Partial<EnvelopeOptions> = {}) =>
    codeOf(reader.decrypt({ notes } as never, fields, { binding, ...more }))
  /** KMS calls of what a test does. */
  const callsOf = async (work: () => Promise<unknown>) => {
    const before = kms.count.decrypt
    await work()
    return kms.count.decrypt - before
  }
  return { kms, reader, genuine, held, open, callsOf }
}

const forged = (count: number, ...keys: ReturnType<typeof forgedKey>[]) =>
  Array.from({ length: count }, () => forgedMessage(context, keys.length > 0 ? keys : [forgedKey()]))

describe('KMS calls of one payload', () => {
  test.each([
    [0, 1],
    [1, 5],
    [2, 5],
    [5, 21],
    [21, 64],
    [64, 64],
  ])(
    'whose sender holds %d genuine messages, each under a key of its own: %d at most',
    async (count, most) => {
      const { open, held, callsOf, kms } = setUp()
      const messages = [...(await held(count)), ...forged(64 - count)]
      const calls = await callsOf(async () => expect(await open(messages)).toBe('ERR_DECRYPT_FAILED'))
      expect(calls).toBeLessThanOrEqual(most)
      expect(calls).toBeGreaterThan(0)
      expect(kms.count.most).toBeLessThanOrEqual(43)
    },
  )

  test('under more keys than 64: none', async () => {
    const { open, callsOf } = setUp()
    expect(await callsOf(async () => expect(await open(forged(65))).toBe('ERR_TOO_LARGE'))).toBe(0)
  })

  test('with a message that names one ARN often: one', async () => {
    const { open, callsOf } = setUp()
    const keys = Array.from({ length: 5 }, forgedKey)
    expect(await callsOf(() => open(forged(1, ...keys)))).toBe(1)
  })

  test('with a message that names replicas of one multi-Region key: one for the key', async () => {
    const arn = (region: string) =>
      `arn:aws:kms:${region}:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab`
    const { open, callsOf } = setUp({}, { keyId: arn('eu-west-1') })
    const keys = ['us-east-1', 'us-east-2', 'eu-west-1', 'eu-west-2'].map(
      (region) => ['aws-kms', arn(region), forgedKey()[2]] as const,
    )
    expect(await callsOf(() => open(forged(1, ...keys)))).toBe(1)
  })

  test('with a message that names many keys of an allowed account: five', async () => {
    const accounts = { allow: { accountIds: ['111122223333'], regions: ['eu-west-1'] } }
    const { open, callsOf } = setUp({ maxEncryptedDataKeys: 100, maxHeaderBytes: 65_536 }, accounts)
    const keys = Array.from(
      { length: 100 },
      (_, at) =>
        [
          'aws-kms',
          countedKeyArn.replace(/..$/, String(at).padStart(2, '0')),
          Buffer.from(forgedKey()[2]),
        ] as const,
    )
    expect(await callsOf(() => open(forged(1, ...keys)))).toBe(5)
  })

  test('64, tries under further keys included, also for one who can write genuine messages', async () => {
    // Each message has four wrong keys of the account in front of the right one.
    const kms = countingKms()
    const right = kmsKeyring({ keyId: countedKeyArn, client: kms.client as never })
    const padded: Keyring = {
      ...right,
      id: 'padded',
      generate: async (request) => {
        const { dataKey, encryptedDataKeys } = await right.generate(request)
        const wrong = [1, 2, 3, 4].map((at) => ({
          providerId: 'aws-kms',
          providerInfo: Buffer.from(countedKeyArn.replace(/.$/, String(at))),
          ciphertext: forgedKey()[2],
        }))
        return { dataKey, encryptedDataKeys: [...wrong, ...encryptedDataKeys] }
      },
    }
    const notes: unknown[] = []
    for (let at = 0; at < 40; at++) {
      const writer = messageEnvelope({ keys: keyMaterial({ keyring: padded }), use: 'request' })
      notes.push((await writer.encrypt({ notes: ['x'] }, fields, { binding })).notes[0])
    }
    const reader = messageEnvelope({
      use: 'request',
      keys: keyMaterial({
        keyring: kmsKeyring({
          allow: { accountIds: ['111122223333'], regions: ['eu-west-1'] },
          client: kms.client as never,
        }),
      }),
    })
    const open = (payload: unknown[]) =>
      codeOf(reader.decrypt({ notes: payload } as never, fields, { binding }))
    // 1, 4 and the first of 16 messages.
    expect(await open(notes)).toBe('ERR_TOO_LARGE')
    expect(kms.count.decrypt).toBe(64)
    // That the payload was too much is not remembered of the keys.
    kms.count.decrypt = 0
    const last = reader.decrypt({ notes: [notes[39]] } as never, fields, { binding })
    expect(await codeOf(last)).toBe('none')
    expect(kms.count.decrypt).toBe(5)
  })

  test('none for keys that are cached, however many there are', async () => {
    const { held, reader, callsOf, kms } = setUp()
    const messages = await held(30)
    for (const message of messages)
      await codeOf(reader.decrypt({ notes: [message] } as never, fields, { binding }))
    expect(kms.count.decrypt).toBe(30)
    expect(
      await callsOf(() => codeOf(reader.decrypt({ notes: messages } as never, fields, { binding }))),
    ).toBe(0)
  })
})

describe('what a payload leaves behind', () => {
  test('a forged message: a refusal, and no key', async () => {
    const keys = material()
    const reader = messageEnvelope({ keys, use: 'request' })
    const open = (notes: string[]) => codeOf(reader.decrypt({ notes } as never, fields, { binding }))
    for (let at = 0; at < 20; at++) expect(await open(forged(1))).toBe('ERR_DECRYPT_FAILED')
    expect(keys.stats().entries).toBe(0)
  })

  test('a genuine header before a body that is not: no key', async () => {
    const keys = material()
    const reader = messageEnvelope({ keys, use: 'request' })
    const writer = messageEnvelope({ keys: material(), use: 'request' })
    const { notes } = await writer.encrypt({ notes: ['x'] }, fields, { binding })
    const bytes = Buffer.from(notes[0] as unknown as string, 'base64')
    bytes[bytes.length - 1]! ^= 1
    const open = (note: string) => codeOf(reader.decrypt({ notes: [note] } as never, fields, { binding }))
    expect(await open(bytes.toString('base64'))).toBe('ERR_DECRYPT_FAILED')
    expect(keys.stats().entries).toBe(0)
    expect(await open(notes[0] as unknown as string)).toBe('none')
    expect(keys.stats().entries).toBe(1)
  })

  test('a genuine key with junk beside it: nothing, and other tenants stay warm', async () => {
    const raw = rawAesKeyring(rawAes())
    let unwraps = 0
    const keyring: Keyring = {
      ...raw,
      unwrap: (request) => {
        unwraps++
        return raw.unwrap(request)
      },
    }
    const keys = keyMaterial({ keyring })
    const reader = messageEnvelope({ keys, use: 'request' })
    const writer = messageEnvelope({ keys: keyMaterial({ keyring }), use: 'request' })
    const of = (tenant: string) => ({ binding: { tenant } })
    const others = await Promise.all(
      Array.from({ length: 300 }, async (_, at) => {
        const tenant = `b-${at}`
        return [tenant, await writer.encrypt({ notes: ['x'] }, fields, of(tenant))] as const
      }),
    )
    const openOthers = async () => {
      unwraps = 0
      for (const [tenant, body] of others) await reader.decrypt(body, fields, of(tenant))
      return unwraps
    }
    await openOthers()
    expect(await openOthers()).toBe(0)
    const own = await writer.encrypt({ notes: ['x'] }, fields, of('evil'))
    for (let request = 0; request < 30; request++) {
      const notes = Array.from({ length: 60 }, () =>
        withForgedKey(own.notes[0] as never, ['x', '', forgedKey()[2]]),
      )
      expect(await codeOf(reader.decrypt({ notes } as never, fields, of('evil')))).toBe('ERR_DECRYPT_FAILED')
    }
    expect(keys.stats().entries).toBe(300)
    expect(await openOthers()).toBe(0)
  })

  test("a tenant's own keys, more than the cache holds: other tenants stay warm", async () => {
    const keys = material({ cacheMaxEntries: 100 })
    const reader = messageEnvelope({ keys, use: 'request' })
    const write = async (tenant: string) =>
      messageEnvelope({ keys: material(), use: 'request' }).encrypt({ notes: ['x'] }, fields, {
        binding: { tenant },
      })
    const others = await Promise.all(Array.from({ length: 50 }, (_, at) => write(`b-${at}`)))
    const openOthers = async () => {
      const before = keys.stats().misses
      for (const [at, body] of others.entries())
        await reader.decrypt(body, fields, { binding: { tenant: `b-${at}` } })
      return keys.stats().misses - before
    }
    expect(await openOthers()).toBe(50)
    for (let at = 0; at < 200; at++)
      await reader.decrypt(await write('evil'), fields, { binding: { tenant: 'evil' } })
    expect(await openOthers()).toBe(0)
  })

  test('a public key with junk in its base64 is refused', async () => {
    const { open, callsOf } = setUp()
    const signer = messageEnvelope({ keys: material(), use: 'request', suite: '0x0578' })
    const { notes } = await signer.encrypt({ notes: ['x'] }, fields, { binding })
    const text = Buffer.from(notes[0] as unknown as string, 'base64').toString('latin1')
    const publicKey = /aws-crypto-public-key..([A-Za-z0-9+/=]{68})/s.exec(text)![1]!
    const make = (key: string) =>
      forgedMessage({ ...context, 'aws-crypto-public-key': key }, [forgedKey()], 0x0578)
    expect(await callsOf(() => open([make(`${publicKey}~~~~`)]))).toBe(0)
    expect(await callsOf(() => open([make(publicKey)]))).toBe(1)
  })
})

describe('the budget of a sender', () => {
  const principal = 'p-1'

  test('is 120 calls a minute for keys that are not cached', async () => {
    const { genuine, open } = setUp()
    const first = await genuine()
    expect(await open([first], { principal })).toBe('none')
    for (let at = 1; at < 120; at++) expect(await open([await genuine()], { principal })).toBe('none')
    const last = await genuine()
    expect(await open([last], { principal })).toBe('ERR_BUDGET_EXCEEDED')
    // What is cached costs nothing, others have budgets of their own, and nothing is remembered of the key.
    expect(await open([first], { principal })).toBe('none')
    expect(await open([last], { principal: 'p-2' })).toBe('none')
    now += 60_000
    expect(await open([await genuine()], { principal })).toBe('none')
  })

  test('is 10 refusals a minute', async () => {
    const { genuine, open, callsOf } = setUp()
    for (let at = 0; at < 10; at++) expect(await open(forged(1), { principal })).toBe('ERR_DECRYPT_FAILED')
    const calls = await callsOf(async () => {
      expect(await open(forged(1), { principal })).toBe('ERR_BUDGET_EXCEEDED')
      expect(await open([await genuine()], { principal })).toBe('ERR_BUDGET_EXCEEDED')
    })
    expect(calls).toBe(0)
    expect(await open([await genuine()], { principal: 'p-2' })).toBe('none')
  })

  test('is spent by genuine headers before bodies that are not', async () => {
    const { genuine, open } = setUp()
    for (let at = 0; at < 10; at++) {
      const bytes = Buffer.from(await genuine(), 'base64')
      bytes[bytes.length - 1]! ^= 1
      expect(await open([bytes.toString('base64')], { principal })).toBe('ERR_DECRYPT_FAILED')
    }
    expect(await open([await genuine()], { principal })).toBe('ERR_BUDGET_EXCEEDED')
  })

  test('is not spent by what costs no call: another tenant, what was refused before, plain text', async () => {
    const { genuine, open } = setUp()
    const [again] = forged(1)
    for (let at = 0; at < 20; at++) {
      await open([again!], { principal })
      expect(await open([await genuine({ tenant: 't-2' })], { principal })).toBe('ERR_DECRYPT_FAILED')
      expect(await open(['plain'], { principal })).toBe('ERR_FIELD_NOT_ENCRYPTED')
    }
    expect(await open([await genuine()], { principal })).toBe('none')
  })

  test('of a spent sender is not renewed by what others spend', async () => {
    const { genuine, open } = setUp({ budget: { calls: 2 } })
    for (let at = 0; at < 2; at++) expect(await open([await genuine()], { principal })).toBe('none')
    for (let other = 0; other < 300; other++) await open(forged(1), { principal: `other-${other}` })
    expect(await open([await genuine()], { principal })).toBe('ERR_BUDGET_EXCEEDED')
  })

  test('counts by the binding where no principal is named and the options name a budget', async () => {
    const { genuine, open } = setUp({ budget: { calls: 1 } })
    expect(await open([await genuine()])).toBe('none')
    expect(await open([await genuine()])).toBe('ERR_BUDGET_EXCEEDED')
  })

  test('is none without a principal by default, and none where it is false', async () => {
    for (const [options, more] of [
      [{}, {}],
      [{ budget: false as const }, { principal }],
    ] as const) {
      const { open } = setUp(options)
      for (let at = 0; at < 11; at++) expect(await open(forged(1), more)).toBe('ERR_DECRYPT_FAILED')
    }
  })

  test.each<[string, unknown]>([
    ['budget', 3],
    ['budget', []],
    ['budget.calls', { calls: 0 }],
    ['budget.refusals', { refusals: 1.5 }],
    ['budget.window', { window: 86_400_001 }],
    ['budget.sessions', { sessions: 1 }],
  ])('%s is refused: %j', (option, budget) => {
    expect(refusedOption(() => setUp({ budget } as never))).toBe(option)
  })
})

/** Key material over one raw key, which all of them share. */
function material(options: object = {}): KeyMaterial {
  return keyMaterial({ keyring: rawAesKeyring(rawAes()), ...options })
}
