import { refusedOption, rejection } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import { decrypt, encrypt } from '../src/bytes/index.ts'
import { checkedEnvelopeOptions } from '../src/envelope-options.ts'
import { messageEnvelope } from '../src/index.ts'
import { suite0x0178, suite0x0378 } from '../src/legacy.ts'
import { readerLimits, writerOptionsOf } from '../src/options.ts'
import { committingSuites } from '../src/suites.ts'
import { rawKeys } from './support/keys.ts'
import { one, patient, samplePatient } from './support/models.ts'
import { legacyPeer, peerKeyring } from './support/peer.ts'

const keys = rawKeys()
const binding = { tenant: 't-1' }

describe('messageEnvelope refuses at construction', () => {
  test.each<[string, any]>([
    ['keys', { keys: undefined }],
    ['keys', { keys: {} }],
    ['keys', { keys: { encryptionKey: () => {} } }],
    ['shape', { shape: 'document' }],
    ['suite', { suite: '0x0178' }],
    ['suite', { suite: '0x0014' }],
    ['suite', { suite: null }],
    ['bundleMember', { bundleMember: 'sealed' }],
    ['bundleMember', { shape: 'bundle', bundleMember: '' }],
    ['bundleMember', { shape: 'bundle', bundleMember: '__proto__' }],
    ['bundleMember', { shape: 'bundle', bundleMember: 'constructor' }],
    ['bundleMember', { shape: 'bundle', bundleMember: 'a/b' }],
    ['bundleMember', { shape: 'bundle', bundleMember: 5 }],
    ['fieldContext', { fieldContext: 'yes' }],
    ['fieldContext', { shape: 'bundle', fieldContext: true }],
    ['fieldContext', { bindFields: false, use: false, values: 'json', fieldContext: true }],
    ['use', { bindFields: false, values: 'json' }],
    ['use', { use: false }],
    ['values', { bindFields: false, use: false }],
    ['values', { values: 'text' }],
    ['service', { service: 'a b' }],
    ['service', { service: '' }],
    ['service', { bindFields: false, use: false, values: 'json', service: 'x' }],
    ['service', { service: 'a ' }],
    ['service', { service: ' a' }],
    ['service', { service: 'a'.repeat(129) }],
    ...[
      'xrequest',
      'requestx',
      ' response',
      'response:a b',
      'response:a\u00e9',
      `queue:${'a'.repeat(129)}`,
    ].map((use) => ['use', { use }] as [string, object]),
    ...['requests', 'request:', 'queue', 'queue:', 'queue:a b', 'Queue:x', '*', '', 7].map(
      (use) => ['use', { use }] as [string, object],
    ),
    ['maxHeaderBytes', { maxHeaderBytes: 65_537 }],
    ['maxKeysPerPayload', { maxKeysPerPayload: 0 }],
    ['bindFields', { bindFields: true }],
    ['bindFields', { bindFields: 0 }],
    ['bindFields', { shape: 'bundle', bindFields: false }],
    ['requiredContext', { requiredContext: 'tenant' }],
    ['requiredContext', { requiredContext: ['tenant', 'tenant'] }],
    ['requiredContext', { requiredContext: [''] }],
    ['requiredContext', { requiredContext: ['aws-crypto-public-key'] }],
    ['maxEncryptedDataKeys', { maxEncryptedDataKeys: 0 }],
    ['maxEncryptedDataKeys', { maxEncryptedDataKeys: 65_536 }],
    ['maxEncryptedDataKeys', { maxEncryptedDataKeys: Number.NaN }],
    ['frameLength', { frameLength: 0 }],
    ['frameLength', { frameLength: 1.5 }],
    ['frameLength', { frameLength: 4_294_967_296 }],
    ['frameLength', { frameLength: '4096' }],
    ['legacySuites', { legacySuites: true }],
    ['legacySuites', { legacySuites: ['0x0014'] }],
    ['legacySuites', { legacySuites: committingSuites }],
    ['legacySuites', { legacySuites: [null] }],
    ['legacySuites', { legacySuites: [{ ...suite0x0178, cipherKey: undefined }] }],
    ['shap', { shap: 'bundle' }],
  ])('%s: %j', (option, options) => {
    expect(refusedOption(() => messageEnvelope({ use: 'store:test', keys, ...options }))).toBe(option)
  })

  test('missing options', () => {
    expect(refusedOption(() => messageEnvelope(undefined as any))).toBe('options')
  })
})

describe('the functions on bytes refuse', () => {
  test.each<[string, any]>([
    ['suiteId', { suiteId: 0x0178 }],
    ['suiteId', { suiteId: 0x0014 }],
    ['frameLength', { frameLength: 0 }],
    ['requiredContext', { requiredContext: ['', 'a'] }],
    ['maxEncryptedDataKeys', { maxEncryptedDataKeys: -1 }],
  ])('%s: %j', async (option, options) => {
    expect(await rejection(encrypt(keys, 'text', options))).toMatchObject({
      code: 'ERR_OPTION_INVALID',
      cause: { option },
    })
  })

  test.each<[string, any]>([
    ['requiredContext', { requiredContext: 'tenant' }],
    ['maxEncryptedDataKeys', { maxEncryptedDataKeys: 0 }],
    ['legacySuites', { legacySuites: true }],
    ['legacySuites', { legacySuites: ['0x0014'] }],
    ['legacySuites', { legacySuites: committingSuites }],
  ])('%s, for decryption: %j', async (option, options) => {
    const { result } = await encrypt(keys, 'text')
    expect(await rejection(decrypt(keys, result, options))).toMatchObject({
      code: 'ERR_OPTION_INVALID',
      cause: { option },
    })
  })

  test.each([[undefined], [null], [{}], ['key']])('%j as keys', async (none: any) => {
    const expected = { code: 'ERR_OPTION_INVALID', cause: { option: 'keys' } }
    expect(await rejection(encrypt(none, 'text'))).toMatchObject(expected)
    expect(await rejection(decrypt(none, Buffer.alloc(0)))).toMatchObject(expected)
  })

  test.each<[any]>([
    [{ 'aws-crypto-public-key': 'x' }],
    [{ 'aws-crypto-': 'x' }],
    [{ '': 'x' }],
    [{ a: 5 }],
    [{ a: undefined }],
    [{ a: '\ud800' }],
    [{ '\udc00': 'a' }],
  ])('the encryption context %j', async (encryptionContext) => {
    for (const call of [
      encrypt(keys, 'text', { encryptionContext }),
      decrypt(keys, Buffer.alloc(200), { encryptionContext }),
    ])
      expect((await rejection(call)).code).toBe('ERR_BINDING_INVALID')
  })

  test('a context that exceeds the format', async () => {
    const encryptionContext = { a: 'x'.repeat(65_536) }
    expect((await rejection(encrypt(keys, 'text', { encryptionContext }))).code).toBe('ERR_BINDING_INVALID')
  })

  test.each<[any]>([[5], [null], ['\ud800'], [{}], [[1, 2]]])('the plaintext %j', async (plaintext) => {
    expect((await rejection(encrypt(keys, plaintext))).code).toBe('ERR_VALUE_INVALID')
  })

  test.each<[any]>([[undefined], ['AgR4'], [Buffer.alloc(0)], [Buffer.alloc(1_000)], [new Uint8Array(36)]])(
    '%j as a message',
    async (ciphertext) => {
      expect((await rejection(decrypt(keys, ciphertext))).code).toBe('ERR_DECRYPT_FAILED')
    },
  )
})

describe('the binding', () => {
  const services = messageEnvelope({ use: 'store:test', keys })
  test.each<[any]>([
    [{ tenant: undefined }],
    [{ tenant: '' }],
    [{ tenant: 5 }],
    [{ tenant: { length: 3, toString: () => 't-1' } }],
    [{ 'glassine:model': 'patient' }],
    [{ 'aws-crypto-public-key': 'x' }],
    [null],
    ['t-1'],
  ])('%j is refused in both directions', async (wrong) => {
    // Cached as valid, so that a wrong one that looks alike would be found as known.
    const sealed = await services.encrypt(samplePatient(), patient, { binding })
    expect((await rejection(services.encrypt(samplePatient(), patient, { binding: wrong }))).code).toBe(
      'ERR_BINDING_INVALID',
    )
    expect((await rejection(services.decrypt(sealed, patient, { binding: wrong }))).code).toBe(
      'ERR_BINDING_INVALID',
    )
  })

  test('the order of its pairs does not matter', async () => {
    const sealed = await services.encrypt({ ssn: 1 }, one, { binding: { a: '1', b: '2' } })
    expect(await services.decrypt(sealed, one, { binding: { b: '2', a: '1' } })).toEqual({ ssn: 1 })
    // And the boundary between name and value cannot be moved.
    expect((await rejection(services.decrypt(sealed, one, { binding: { a: '1b', '2': '2' } }))).code).toBe(
      'ERR_DECRYPT_FAILED',
    )
  })
})

describe('legacySuites of an envelope', () => {
  test('allow by name what is otherwise refused', async () => {
    const encryptionContext = { ...binding, 'glassine:use': 'store:test', 'glassine:model': 'one' }
    const { result } = await legacyPeer.encrypt(peerKeyring(), Buffer.from('{"/ssn":"1"}'), {
      suiteId: 0x0178 as any,
      encryptionContext,
    })
    const ssn = result.toString('base64')
    const allowed = messageEnvelope({
      use: 'store:test',
      bindFields: 'place',
      keys,
      legacySuites: [suite0x0178],
    })
    expect(allowed.recognises(ssn)).toBe(true)
    expect(await allowed.decrypt({ ssn } as any, one, { binding })).toEqual({ ssn: '1' })
    for (const legacySuites of [[], [suite0x0378]]) {
      const strict = messageEnvelope({ use: 'store:test', keys, legacySuites })
      expect(strict.recognises(ssn)).toBe(false)
      expect((await rejection(strict.decrypt({ ssn } as any, one, { binding }))).code).toBe(
        'ERR_DECRYPT_FAILED',
      )
    }
  })
})

describe('recognises', () => {
  const services = messageEnvelope({ use: 'store:test', keys })

  test.each<[any]>([
    [undefined],
    [null],
    [5],
    [{}],
    [[]],
    [''],
    ['AgR4'],
    ['AgR4 is how it starts'],
    ['AgV4'.repeat(50)],
  ])('no message in %j', (value) => {
    expect(services.recognises(value)).toBe(false)
  })

  test('but not text that only starts like a message, so that it can be encrypted', async () => {
    const sealed = await services.encrypt({ ssn: 'AgR4 is how it starts' }, one, { binding })
    expect(await services.decrypt(sealed, one, { binding })).toEqual({ ssn: 'AgR4 is how it starts' })
  })
})

describe('what is not said', () => {
  const checked = (options: object = {}) => checkedEnvelopeOptions({ keys, ...options } as never)

  test('is as the documentation has it', () => {
    expect(checked()).toMatchObject({
      writerOptions: { suite: { name: '0x0478' }, frameLength: 4_096, maxEncryptedDataKeys: 5 },
      limits: { maxEncryptedDataKeys: 5, maxHeaderBytes: 4_096 },
      maxKeysPerPayload: 64,
    })
    expect([...checked().limits.suites.keys()].toSorted()).toEqual([0x0478, 0x0578])
    expect(readerLimits()).toMatchObject({ maxEncryptedDataKeys: 5, maxHeaderBytes: 16_384 })
    expect(writerOptionsOf('0x0578', 100, 7)).toMatchObject({
      suite: { name: '0x0578' },
      frameLength: 100,
      maxEncryptedDataKeys: 7,
    })
  })

  test('is replaced by what is', () => {
    expect(
      checked({
        suite: '0x0578',
        frameLength: 1,
        maxEncryptedDataKeys: 2,
        maxHeaderBytes: 256,
        maxKeysPerPayload: 3,
      }),
    ).toMatchObject({
      writerOptions: { suite: { name: '0x0578' }, frameLength: 1, maxEncryptedDataKeys: 2 },
      limits: { maxEncryptedDataKeys: 2, maxHeaderBytes: 256 },
      maxKeysPerPayload: 3,
    })
  })
})
