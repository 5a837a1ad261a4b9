import { arrayOf, defineFields, GlassineError } from '@glassine/core'
import { keyMaterial } from '@glassine/keys'
import { localKeyring } from '@glassine/keys/raw-aes'
import { type MessageEnvelopeOptions, messageEnvelope } from '@glassine/message'
import { rejection } from '@glassine/test-support'
import { type Explanation, explain, sampleEvent } from '@glassine/testing'
import { describe, expect, test } from '@jest/globals'

interface Patient {
  id: string
  ssn: string
  address: { street: string }
  visits: { note: string }[]
}

const declaration = {
  id: { authenticated: true },
  ssn: {},
  'address.street': {},
  'visits[*].note': {},
} as const
const fields = defineFields<Patient>('patient', declaration)
const plain = defineFields<Patient>('plain', { ssn: {}, 'address.street': {}, 'visits[*].note': {} })
const keys = keyMaterial({ keyring: localKeyring() })
const envelope = messageEnvelope({ keys })
const patient = (id = 'p-1'): Patient => ({
  id,
  ssn: '078-05-1120',
  address: { street: 'Main Street 1' },
  visits: [{ note: 'first note' }, { note: 'second note' }],
})
const binding = { tenant: 't-1' }
const as = { binding, use: 'request' }
const expected = { fields, envelope, ...as }
const sealed = async (id?: string, options = as): Promise<any> =>
  JSON.parse(JSON.stringify(await envelope.encrypt(patient(id), fields, options)))

/** What differs, in short. */
const differences = ({ differences }: Explanation) =>
  differences.map(({ what, name, inCiphertext, expected }) => [what, name, inCiphertext, expected])
const whats = ({ differences }: Explanation) => [...new Set(differences.map(({ what }) => what))]

describe('a payload that opens', () => {
  test('has no difference, and shows the context that both sides agree on', async () => {
    const found = await explain(await sealed(), expected)
    expect(found.verdict).toBe('opens')
    expect(found.differences).toEqual([])
    expect(found.same).toEqual(
      expect.arrayContaining([
        { what: 'use', inCiphertext: 'request', expected: 'request' },
        { what: 'model', inCiphertext: 'patient', expected: 'patient' },
        { what: 'binding', name: 'tenant', inCiphertext: 't-1', expected: 't-1' },
        { what: 'place', name: '/visits/1/note', inCiphertext: '/visits/1/note', expected: '/visits/1/note' },
        { what: 'set', inCiphertext: 'one value of 4', expected: 'one value of 4' },
      ]),
    )
  })

  test('is explained in a text and in JSON', async () => {
    const found = await explain(await sealed(), expected)
    expect(String(found)).toContain('AWS Encryption SDK message: opens, nothing differs')
    expect(JSON.parse(JSON.stringify(found))).toEqual({ ...found })
  })

  test.each<[string, MessageEnvelopeOptions]>([
    ['a bundle', { keys, shape: 'bundle' }],
    ['fields that are bound to their places alone', { keys, bindFields: 'place' }],
    ['fields with their place in the context', { keys, fieldContext: true }],
    ['a service of its own', { keys, service: 'orders' }],
    ['a context that is not stored', { keys, requiredContext: ['tenant'] }],
    ['a signature', { keys, suite: '0x0578' }],
  ])('may be %s', async (_name, options) => {
    const own: any = messageEnvelope(options as never)
    const payload = await own.encrypt(patient(), fields, as)
    expect(differences(await explain(payload, { ...expected, envelope: own }))).toEqual([])
  })

  test('may be bare values of other libraries', async () => {
    const own = messageEnvelope({ keys, bindFields: false, use: false, values: 'text' })
    const payload = await own.encrypt(patient(), plain, { binding })
    expect(differences(await explain(payload, { fields: plain, envelope: own, binding }))).toEqual([])
  })
})

describe('each kind of mismatch is told apart by its name', () => {
  test('a forgotten binding', async () => {
    const payload = await sealed('p-1', { ...as, binding: {} as never })
    expect(differences(await explain(payload, expected))).toEqual([['binding', 'tenant', null, 't-1']])
    expect(differences(await explain(await sealed(), { ...expected, binding: {} }))).toEqual([
      ['binding', 'tenant', 't-1', null],
    ])
  })

  test('another binding', async () => {
    const found = await explain(await sealed(), { ...expected, binding: { tenant: 't-2' } })
    expect(differences(found)).toEqual([['binding', 'tenant', 't-1', 't-2']])
    expect(String(found)).toMatch(
      /binding tenant differs\n {4}in the ciphertext: t-1\n {4}expected: {10}t-2\n/,
    )
  })

  test('another model', async () => {
    const other = defineFields<Patient>('person', declaration)
    expect(differences(await explain(await sealed(), { ...expected, fields: other }))).toEqual([
      ['model', undefined, 'patient', 'person'],
    ])
  })

  test('another use, and the service of the envelope in it', async () => {
    const found = await explain(await sealed(), { ...expected, use: 'response' })
    expect(differences(found)).toEqual([['use', undefined, 'request', 'response']])
    const orders = messageEnvelope({ keys, service: 'orders' })
    expect(differences(await explain(await sealed(), { ...expected, envelope: orders }))).toEqual([
      ['use', undefined, 'request', 'request:orders'],
    ])
  })

  test('another place', async () => {
    const payload = await sealed()
    const { visits } = payload
    const swapped = { ...payload, visits: [{ note: visits[1].note }, { note: visits[0].note }] }
    expect(differences(await explain(swapped, expected))).toEqual([
      ['place', '/visits/0/note', '/visits/1/note', '/visits/0/note'],
      ['place', '/visits/1/note', '/visits/0/note', '/visits/1/note'],
    ])
  })

  test('another record, by its pointer and not its value', async () => {
    const found = await explain({ ...(await sealed()), id: 'p-2' }, expected)
    expect(differences(found)).toEqual([['record', '/id', 'another value', 'the value in the payload']])
    expect(JSON.stringify(found)).not.toMatch(/p-1|p-2/)
  })

  test('a record that the sender does not declare', async () => {
    const payload = await envelope.encrypt(patient(), defineFields<Patient>('patient', { ssn: {} }), as)
    const ssn = {
      fields: defineFields<Patient>('patient', { id: { authenticated: true }, ssn: {} }),
      envelope,
      ...as,
    }
    expect(differences(await explain(payload, ssn))).toEqual([
      ['record', '/id', null, 'the value in the payload'],
    ])
  })

  test('a value of another payload, and one that was taken out', async () => {
    const [payload, other] = [await sealed(), await sealed()]
    expect(whats(await explain({ ...payload, ssn: other.ssn }, expected))).toEqual(['set'])
    const shorter = { ...payload, visits: payload.visits.slice(0, 1) }
    expect(differences(await explain(shorter, expected))).toEqual([
      ['set', undefined, 'one value of 4', 'one value of 3'],
    ])
  })

  test('a key that the service does not have', async () => {
    const others = messageEnvelope({ keys: keyMaterial({ keyring: localKeyring() }) })
    const payload = await others.encrypt(patient(), fields, as)
    const found = await explain(payload, expected)
    expect(whats(found)).toEqual(['key'])
    expect(found.differences[0]?.expected).toContain('ERR_DECRYPT_FAILED')
  })

  test('changed bytes', async () => {
    const payload = await sealed()
    const bytes = Buffer.from(payload.ssn, 'base64')
    bytes[bytes.length - 1]! ^= 1
    expect(differences(await explain({ ...payload, ssn: bytes.toString('base64') }, expected))).toEqual([
      ['contents', '/ssn', 'changed, or cut off', 'authentic'],
    ])
  })

  test('another value of what the message does not store', async () => {
    const own = messageEnvelope({ keys, requiredContext: ['tenant'] })
    const payload = await own.encrypt(patient(), fields, as)
    const found = await explain(payload, { ...expected, envelope: own, binding: { tenant: 't-2' } })
    expect(whats(found)).toEqual(['key'])
  })

  test('a value in the clear, one that is absent, and one in another format', async () => {
    const payload = await sealed()
    expect(differences(await explain({ ...payload, ssn: '078-05-1120' }, expected))).toContainEqual([
      'format',
      '/ssn',
      'a value in the clear',
      'an AWS Encryption SDK message',
    ])
    const { ssn: _ssn, ...rest } = payload
    expect(differences(await explain(rest, expected))).toContainEqual([
      'format',
      '/ssn',
      null,
      'an AWS Encryption SDK message',
    ])
    const jwe = `${Buffer.from('{"alg":"dir","enc":"A256GCM"}').toString('base64url')}..${'A'.repeat(16)}.AA.${'A'.repeat(22)}`
    expect(differences(await explain({ ...payload, ssn: jwe }, expected))).toContainEqual([
      'format',
      '/ssn',
      'a JWE of a session',
      'an AWS Encryption SDK message',
    ])
  })

  test('the other shape', async () => {
    const bundles = messageEnvelope({ keys, shape: 'bundle' })
    const bundle = await bundles.encrypt(patient(), plain, as)
    const ofPlain = { ...expected, fields: plain }
    const noLists = { ...bundle, visits: [] }
    expect(differences(await explain(noLists, ofPlain))).toEqual([
      ['format', '/sealed', 'a bundle (shape "bundle")', 'a ciphertext in each place'],
    ])
    expect(differences(await explain(await sealed(), { ...expected, envelope: bundles }))).toEqual([
      ['format', '/sealed', 'a ciphertext in each place (shape "field")', 'an AWS Encryption SDK message'],
    ])
  })

  test('a structure that the model does not have', async () => {
    expect(differences(await explain({ ...(await sealed()), address: 'Main Street 1' }, expected))).toEqual([
      ['structure', '/address', 'absent or of another shape', 'as the model declares it'],
    ])
  })

  test('a list of another length beside its bundle', async () => {
    const bundles = messageEnvelope({ keys, shape: 'bundle' })
    const ofBundles = { ...expected, envelope: bundles }
    const bundle: any = await bundles.encrypt(patient(), fields, as)
    expect(differences(await explain({ ...bundle, visits: [{}] }, ofBundles))).toEqual([
      ['place', undefined, '/visits/1/note', null],
    ])
    expect(differences(await explain({ ...bundle, visits: [{}, {}, {}] }, ofBundles))).toEqual([
      ['place', undefined, null, '/visits/2/note'],
    ])
  })

  test('several at once, each by its name', async () => {
    const payload = await sealed('p-1', { binding: { tenant: 't-2' }, use: 'queue:orders' })
    const found = await explain({ ...payload, id: 'p-2', ssn: payload.address.street }, expected)
    expect(whats(found).sort()).toEqual(['binding', 'place', 'record', 'use'])
  })
})

describe('one ciphertext alone', () => {
  test('is compared without its payload', async () => {
    const { ssn } = await sealed()
    expect(differences(await explain(ssn, expected))).toEqual([])
    expect(differences(await explain(ssn, { ...expected, place: '/email' }))).toEqual([
      ['place', '/email', '/ssn', '/email'],
    ])
    expect(differences(await explain(ssn, { ...expected, binding: { tenant: 't-2' } }))).toEqual([
      ['binding', 'tenant', 't-1', 't-2'],
    ])
    expect(whats(await explain('nothing of the kind', expected))).toEqual(['format'])
  })
})

describe('an event', () => {
  const options = { fields, envelope, bind: () => binding }
  const eventOf = async (payload: unknown) => sampleEvent('http-api', { body: payload })

  test('is explained as decryptRequest sees it', async () => {
    expect(await explain(await eventOf(await sealed()), options)).toMatchObject({
      verdict: 'opens',
      format: 'message',
    })
    const found = await explain(await eventOf(await sealed()), {
      ...options,
      bind: () => ({ tenant: 't-2' }),
    })
    expect(differences(found)).toEqual([['binding', 'tenant', 't-1', 't-2']])
  })

  test('of a list of envelopes is explained in the one of its sender', async () => {
    const others = messageEnvelope({ keys, service: 'others' })
    const found = await explain(await eventOf(await sealed()), {
      ...options,
      envelope: [{ envelope }, { envelope: others, from: () => true }],
    })
    expect(differences(found)).toEqual([['use', undefined, 'request', 'request:others']])
  })

  test('that does not come as far as its envelope says why', async () => {
    const unset = await explain(await eventOf(await sealed()), {
      ...options,
      bind: () => ({ tenant: undefined }) as never,
    })
    expect(unset).toMatchObject({ verdict: 'refused', format: 'unknown' })
    expect(unset.differences[0]?.inCiphertext).toBe(
      'ERR_BINDING_INVALID: The binding has no value for tenant',
    )
    const queue = await explain(sampleEvent('sqs', {}), options)
    expect(queue.differences[0]?.inCiphertext).toContain('ERR_EVENT_UNKNOWN')
  })

  test('without a body passes, as it does in the middleware', async () => {
    expect(await explain(sampleEvent('http-api', { method: 'GET' }), options)).toMatchObject({
      verdict: 'opens',
      format: 'unknown',
    })
  })

  test('whose bind throws another error rejects with it', async () => {
    const bind = () => {
      throw new TypeError('of the test')
    }
    await expect(explain(await eventOf(await sealed()), { ...options, bind })).rejects.toThrow('of the test')
  })
})

describe('what it refuses', () => {
  test('unknown options, foreign envelopes, one ciphertext without a binding', async () => {
    const payload = await sealed()
    for (const wrong of [
      { ...expected, misspelt: 1 },
      { ...expected, sent: { misspelt: 1 } },
      { ...expected, envelope: { ...envelope } },
      { ...expected, envelope: undefined },
      null,
    ])
      expect((await rejection(explain(payload, wrong as never))).code).toBe('ERR_OPTION_INVALID')
    expect((await rejection(explain(payload.ssn, { fields, envelope } as never))).code).toBe(
      'ERR_OPTION_INVALID',
    )
  })

  test('an element without a value that was added is named as such', async () => {
    const fields = defineFields<any>('rows', { ssn: {}, 'rows[*].note': { optional: true } })
    const payload: any = await envelope.encrypt({ ssn: '078-05-1120', rows: [{}] }, fields, as)
    expect(differences(await explain(payload, { ...expected, fields }))).toEqual([])
    payload.rows.push({})
    expect(differences(await explain(payload, { ...expected, fields }))).toEqual([
      ['set', undefined, 'other parts without an encrypted value', 'the ids and lists in the payload'],
    ])
  })

  test('a list of records is explained like one', async () => {
    const list = arrayOf(fields)
    const payload = await envelope.encrypt([patient('p-1'), patient('p-2')], list, as)
    expect(differences(await explain(payload, { ...expected, fields: list }))).toEqual([])
    const [first, second] = payload as unknown as readonly any[]
    expect(whats(await explain([second, first], { ...expected, fields: list }))).toContain('place')
  })
})

test('of a key whose KMS throttles it says that it is not available, and not that it differs', async () => {
  const throttled = {
    ...localKeyring(),
    unwrap: () =>
      Promise.reject(
        new GlassineError('ERR_KEY_UNAVAILABLE', {
          package: '@glassine/keys',
          reason: 'KMS: ThrottlingException',
        }),
      ),
  }
  const found = await explain(await sealed(), {
    ...expected,
    envelope: messageEnvelope({ keys: keyMaterial({ keyring: throttled }) }),
  })
  expect(String(found)).toContain('key is not available at the moment')
  expect(String(found)).not.toContain('key differs')
  expect(String(found)).toContain('KMS: ThrottlingException')
})
