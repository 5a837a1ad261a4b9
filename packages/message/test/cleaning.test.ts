// Leased keys are released, and derived keys and plaintext do not outlive their use, on success and on failure.
import * as crypto from 'node:crypto'
import type { EncryptedDataKey, KeyMaterial } from '@glassine/keys'
import { recordCrypto, rejection, watchKeys } from '@glassine/test-support'
import { beforeEach, describe, expect, jest, test } from '@jest/globals'
import type { MessageEnvelopeOptions } from '../src/index.ts'

const recorder = recordCrypto()

/** Every buffer that the library creates, at module scope or later. */
const allocated: Buffer[] = []
let watching = true
for (const name of ['alloc', 'allocUnsafe', 'allocUnsafeSlow'] as const) {
  const allocate: typeof Buffer.alloc = Buffer[name]
  jest.spyOn(Buffer, name).mockImplementation((size: number, fill?: number) => {
    const buffer = allocate(size, fill)
    if (watching) allocated.push(buffer)
    return buffer
  })
}

// Imported dynamically, after the lines above: earlier imports are not watched.
const { decrypt, encrypt } = await import('../src/bytes/index.ts')
const { messageEnvelope } = await import('../src/index.ts')
const { fixedKey, someWrappedKey } = await import('./support/fixed-key.ts')
const { patient, samplePatient } = await import('./support/models.ts')

const binding = { tenant: 't-1' }
const dataKey = Buffer.from('d'.repeat(32))

beforeEach(() => recorder.reset())

/** Describes what is left in memory and must not be. */
const left = (...published: readonly Uint8Array[]): readonly string[] =>
  recorder.left({
    published,
    // The pool of message ids, which are not secret.
    except: ({ call }) => call === 'randomFillSync',
  })

/** Plaintexts of encryption that are still in memory. */
const plaintextsLeft = (): readonly string[] =>
  recorder.seen
    .filter(({ call, role, bytes }) => call === 'createCipheriv' && role === 'input' && bytes.some(Boolean))
    .map(({ held }) => held.toString())

const envelope = (keys: KeyMaterial, options: object) =>
  messageEnvelope({ use: 'store:test', keys, ...options } as MessageEnvelopeOptions & { shape: 'bundle' })

/** The payload with one bit of one message flipped, this many bytes from its end. */
const tampered = (sealed: any, fromEnd: number): any => {
  const place = 'sealed' in sealed ? 'sealed' : 'ssn'
  const bytes = Buffer.from(sealed[place], 'base64')
  bytes[bytes.length - fromEnd]! ^= 1
  return { ...sealed, [place]: bytes.toString('base64') }
}

describe.each([
  { shape: 'field' },
  { shape: 'bundle' },
  { shape: 'field', fieldContext: true },
  { shape: 'field', suite: '0x0578' },
  { shape: 'bundle', frameLength: 50 },
] as const)('an envelope, %j', (options) => {
  test('encrypts and releases all keys, whichever call fails', async () => {
    let failures = 0
    let releases = 0
    await recorder.failEach(async (failing) => {
      const watch = watchKeys()
      const services = envelope(watch.keyMaterial(fixedKey(dataKey)), options)
      await services.encrypt(samplePatient(), patient, { binding }).catch(() => failures++)
      if (failing === undefined) expect([failures, watch.lent() > 0]).toEqual([0, true])
      // Now and then the pool of message ids is filled first, and no key has been lent when that fails.
      if (watch.lent() > 0) {
        watch.expectReleased()
        releases++
      }
      expect(left()).toEqual([])
      expect(plaintextsLeft()).toEqual([])
    })
    expect(failures).toBeGreaterThan(5)
    expect(releases).toBeGreaterThan(5)
  })

  test('decrypts and releases all keys, whichever call fails', async () => {
    const sealed = await envelope(fixedKey(dataKey), options).encrypt(samplePatient(), patient, { binding })
    let failures = 0
    await recorder.failEach(async (failing) => {
      const watch = watchKeys()
      const services = envelope(watch.keyMaterial(fixedKey(dataKey)), options)
      await services.decrypt(sealed, patient, { binding }).catch(() => failures++)
      if (failing === undefined) expect(failures).toBe(0)
      watch.expectReleased()
      expect(left()).toEqual([])
    })
    expect(failures).toBeGreaterThan(5)
  })

  test('refuses a changed payload, and keeps neither keys nor plaintext', async () => {
    const sealed = await envelope(fixedKey(dataKey), options).encrypt(samplePatient(), patient, { binding })
    for (const fromEnd of [1, 17, 60, 120]) {
      recorder.reset()
      const watch = watchKeys()
      const services = envelope(watch.keyMaterial(fixedKey(dataKey)), options)
      const error = await rejection(services.decrypt(tampered(sealed, fromEnd), patient, { binding }))
      expect(error.code).toBe('ERR_DECRYPT_FAILED')
      watch.expectReleased()
      expect(left()).toEqual([])
    }
  })

  test('releases all keys if it is not finished', async () => {
    const sealed = await envelope(fixedKey(dataKey), options).encrypt(samplePatient(), patient, { binding })
    for (const prepare of ['prepareSeal', 'prepareOpen'] as const) {
      const watch = watchKeys()
      const services = envelope(watch.keyMaterial(fixedKey(dataKey)), options)
      const payload = prepare === 'prepareSeal' ? samplePatient() : sealed
      const prepared = await services[prepare](payload, patient, { binding })
      prepared.release()
      prepared.release()
      watch.expectReleased()
    }
  })
})

describe('if one of several keys cannot be obtained, the others are released:', () => {
  const options = { fieldContext: true }
  const all = 8

  /** Key material that refuses the nth request. */
  const refusing = (at: number, inner: KeyMaterial): KeyMaterial => {
    let asked = 0
    const unless =
      <R, K>(lend: (request: R) => Promise<K>) =>
      async (request: R): Promise<K> => {
        if (asked++ === at) throw new Error('refused')
        return lend(request)
      }
    return {
      ...inner,
      encryptionKey: unless(inner.encryptionKey),
      decryptionKey: unless(inner.decryptionKey),
    }
  }

  test.each([
    [0, 0],
    [3, 4],
    [all - 1, all - 1],
  ])('key number %d', async (at, opened) => {
    const sealed = await envelope(fixedKey(dataKey), options).encrypt(samplePatient(), patient, { binding })
    // Encryption keys are requested at once; decryption keys in groups of 1, 4 and 16, until one is refused.
    for (const [work, lent] of [
      [
        (services: ReturnType<typeof envelope>) => services.encrypt(samplePatient(), patient, { binding }),
        all - 1,
      ],
      [(services: ReturnType<typeof envelope>) => services.decrypt(sealed, patient, { binding }), opened],
    ] as const) {
      const watch = watchKeys()
      const services = envelope(refusing(at, watch.keyMaterial(fixedKey(dataKey))), options)
      await expect(work(services)).rejects.toThrow('refused')
      expect(watch.lent()).toBe(lent)
      if (lent > 0) watch.expectReleased()
    }
  })
})

describe('a key is released', () => {
  test.each<[string, readonly EncryptedDataKey[]]>([
    ['too many wrapped forms', Array.from({ length: 6 }, () => someWrappedKey)],
    ['a wrapped form that is too long', [{ ...someWrappedKey, ciphertext: Buffer.alloc(65_536) }]],
  ])('if it has %s', async (_what, wrapped) => {
    for (const work of [
      (keys: KeyMaterial) => encrypt(keys, 'text'),
      (keys: KeyMaterial) => envelope(keys, {}).encrypt(samplePatient(), patient, { binding }),
    ]) {
      const watch = watchKeys()
      const error = await rejection(work(watch.keyMaterial(fixedKey(dataKey, wrapped))))
      expect(error.code).toBe('ERR_ENCRYPT_FAILED')
      watch.expectReleased()
    }
  })

  test('if the payload turns out to be too long', async () => {
    const watch = watchKeys()
    const wrapped = [{ ...someWrappedKey, ciphertext: Buffer.alloc(1_000) }]
    const services = envelope(watch.keyMaterial(fixedKey(dataKey, wrapped)), {})
    // More than the messages take with the shortest wrapped keys, and less than with this one.
    const error = await rejection(services.encrypt(samplePatient(), patient, { binding, maxBytes: 6_000 }))
    expect(error.code).toBe('ERR_TOO_LARGE')
    watch.expectReleased()
  })
})

describe('the functions on bytes', () => {
  test.each([0x0478, 0x0578])('suite %i: release the key, whichever call fails', async (suiteId) => {
    const plaintext = Buffer.alloc(25, 'p')
    const { result } = await encrypt(fixedKey(dataKey), plaintext, { suiteId, frameLength: 10 })
    let failures = 0
    await recorder.failEach(async () => {
      const watch = watchKeys()
      const keys = watch.keyMaterial(fixedKey(dataKey))
      await encrypt(keys, plaintext, { suiteId, frameLength: 10 }).catch(() => failures++)
      const opened = await decrypt(keys, result).catch(() => undefined)
      if (opened === undefined) failures++
      else expect(opened.plaintext).toEqual(plaintext)
      watch.expectReleased()
      expect(left()).toEqual([])
    })
    expect(failures).toBeGreaterThan(5)
  })

  test("zero the bytes made from a string, but not the caller's bytes", async () => {
    await encrypt(fixedKey(dataKey), 'plaintext')
    expect(recorder.seen.some(({ held }) => held.toString() === 'plaintext')).toBe(true)
    expect(plaintextsLeft()).toEqual([])
    const bytes = Buffer.from('plaintext')
    await encrypt(fixedKey(dataKey), bytes)
    expect(bytes.toString()).toBe('plaintext')
  })

  test('suite 0x0578: zero a plaintext with a wrong signature', async () => {
    const { result } = await encrypt(fixedKey(dataKey), 'plaintext', { suiteId: 0x0578 })
    result[result.length - 1]! ^= 1
    recorder.reset()
    expect((await rejection(decrypt(fixedKey(dataKey), result))).code).toBe('ERR_DECRYPT_FAILED')
    expect(recorder.seen.some(({ held }) => held.toString() === 'plaintext')).toBe(true)
    expect(left()).toEqual([])
  })
})

describe('no buffer keeps anything from which the key of a message can be derived', () => {
  const xor = (bytes: Buffer, pad: number): Buffer => Buffer.from(bytes.map((byte) => byte ^ pad))
  const sha512 = (...parts: readonly Buffer[]): Buffer =>
    crypto.createHash('sha512').update(Buffer.concat(parts)).digest()

  /** Everything on the way to a message's key, by HKDF (RFC 5869) and HMAC (RFC 2104). */
  const secretsOf = (message: Buffer, key: Buffer = dataKey): Readonly<Record<string, Buffer>> => {
    // The test's own buffers do not count.
    watching = false
    const messageId = message.subarray(3, 35)
    const prk = crypto.createHmac('sha512', messageId).update(key).digest()
    const info = Buffer.concat([message.subarray(1, 3), Buffer.from('DERIVEKEY\u0001', 'latin1')])
    const salt = Buffer.concat([messageId, Buffer.alloc(96)])
    const secrets = {
      'the data key': key,
      'the pseudo-random key': prk,
      'the same in the inner pad': xor(prk, 0x36),
      'the same in the outer pad': xor(prk, 0x5c),
      'the inner digest of the extract': sha512(xor(salt, 0x36), key),
      'the cipher key': crypto.createHmac('sha512', prk).update(info).digest().subarray(0, 32),
    }
    watching = true
    return secrets
  }
  const found = (message: Buffer, key?: Buffer): readonly string[] =>
    Object.entries(secretsOf(message, key))
      .filter(([, secret]) => allocated.some((buffer) => buffer.includes(secret)))
      .map(([name]) => name)

  test('the search finds each of them', async () => {
    const { result } = await encrypt(fixedKey(dataKey), 'text')
    const secrets = secretsOf(result)
    for (const [name, secret] of Object.entries(secrets)) {
      const buffer = Buffer.alloc(200)
      secret.copy(buffer, 30)
      expect(found(result)).toEqual([name])
      buffer.fill(0)
    }
  })

  test.each([0x0478, 0x0578])('suite %i', async (suiteId) => {
    const { result } = await encrypt(fixedKey(dataKey), 'text', { suiteId })
    expect(found(result)).toEqual([])
    await decrypt(fixedKey(dataKey), result)
    expect(found(result)).toEqual([])
    const wrong = Buffer.from(result)
    wrong[wrong.length - 1]! ^= 1
    await rejection(decrypt(fixedKey(dataKey), wrong))
    expect(found(result)).toEqual([])
    // A key that does not match the message's commitment.
    const other = Buffer.from('e'.repeat(32))
    await rejection(decrypt(fixedKey(other), result))
    expect(found(result, other)).toEqual([])
  })
})
