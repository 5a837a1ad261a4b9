// Marker values go through everything that can succeed or fail; then every byte that came out is searched for them.

import { randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import { keyMaterial } from '@glassine/keys'
import { rawAesKeyring } from '@glassine/keys/raw-aes'
import { leaksOf } from '@glassine/test-support'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { decrypt, encrypt } from '../src/bytes/index.ts'
import { type MessageEnvelopeOptions, messageEnvelope } from '../src/index.ts'
import { type PatientDto, patient, samplePatient } from './support/models.ts'

const canary = 'CANARY-4711-plaintext'
const binding = { tenant: 'CANARY-4711-tenant' }
const key = randomBytes(32)
const keyring = rawAesKeyring({ namespace: 'glassine-test', name: 'canary', key })

/** Where a marked value, the tenant or the wrapping key is found, in any notation. */
const found = (value: unknown) => leaksOf(value, { value: canary, tenant: binding.tenant, key })

describe('a canary', () => {
  const written: string[] = []
  beforeAll(() => {
    for (const method of ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const)
      jest.spyOn(console, method).mockImplementation((...args) => void written.push(inspect(args)))
    for (const stream of [process.stdout, process.stderr])
      jest.spyOn(stream, 'write').mockImplementation((chunk) => written.push(String(chunk)) > 0)
    process.on('warning', (warning) => written.push(inspect(warning)))
  })
  afterAll(() => {
    jest.restoreAllMocks()
  })

  const payload = (): PatientDto => ({ ...samplePatient(), ssn: canary, tags: [canary] })

  test('is found where it is', () => {
    expect(found(new Error(canary))).not.toEqual([])
    expect(found({ a: Buffer.from(canary).toString('base64') })).not.toEqual([])
    expect(found({ details: [Buffer.from(canary)] })).not.toEqual([])
    expect(found(Object.assign(new Error('x'), { cause: { key: new Uint8Array(key) } }))).not.toEqual([])
    expect(found(`the tenant is ${binding.tenant}`)).not.toEqual([])
  })

  test.each([
    { shape: 'field' },
    { shape: 'bundle' },
    { shape: 'field', suite: '0x0578' },
    { shape: 'field', fieldContext: true },
    { shape: 'field', bindFields: false, use: false, values: 'json' },
  ] as const)('stays inside an envelope with %j', async (options) => {
    const keys = keyMaterial({ keyring })
    const services = messageEnvelope({ use: 'store:test', keys, ...options } as MessageEnvelopeOptions & {
      shape: 'bundle'
    })
    const out: unknown[] = [services]
    const failures: unknown[] = []
    const attempt = async (work: () => unknown) => {
      try {
        await work()
      } catch (error) {
        failures.push(error)
      }
    }
    const prepared = await services.prepareSeal(payload(), patient, { binding })
    out.push(inspect(prepared, { depth: 20, showHidden: true }), prepared)
    const sealed: any = prepared.finish()
    out.push(inspect(prepared, { depth: 20, showHidden: true }), prepared)
    // The header shows the context to everyone; the rest is secret.
    const place = options.shape === 'bundle' ? 'sealed' : 'ssn'
    expect(sealed[place]).not.toContain(Buffer.from(canary).toString('base64').slice(0, 20))

    const opening = await services.prepareOpen(sealed, patient, { binding })
    out.push(opening)
    opening.release()

    const bytes = Buffer.from(sealed[place], 'base64')
    for (const at of [1, 40, bytes.length - 60, bytes.length - 20, bytes.length - 1]) {
      const changed = Buffer.from(bytes)
      changed[at]! ^= 1
      const broken = { ...sealed, [place]: changed.toString('base64') }
      await attempt(() => services.decrypt(broken, patient, { binding }))
    }
    await attempt(() => services.decrypt({ ...sealed, [place]: canary }, patient, { binding }))
    await attempt(() => services.decrypt({ ...sealed, [place]: { canary } }, patient, { binding }))
    await attempt(() => services.decrypt(sealed, patient, { binding: { tenant: canary } }))
    await attempt(() => services.decrypt(sealed, patient, { binding: { [canary]: '' } }))
    await attempt(() => services.decrypt(canary as any, patient, { binding }))
    await attempt(() => services.encrypt(sealed, patient, { binding }))
    await attempt(() => services.encrypt(canary as any, patient, { binding }))
    await attempt(() => services.encrypt(payload(), patient, { binding, maxBytes: 10 }))
    const odd = { ...payload(), address: { street: { [canary]: new Map([[canary, 1]]) }, city: '' } }
    await attempt(() => services.encrypt(odd, patient, { binding }))
    const cyclic: any = { ...payload(), [canary]: {} }
    cyclic[canary].again = cyclic
    await attempt(() => services.encrypt(cyclic, patient, { binding, maxBytes: 100_000 }))
    const failing = async () => {
      throw new Error(canary)
    }
    const broken = messageEnvelope({
      use: 'store:test',
      ...options,
      keys: { ...keys, encryptionKey: failing, decryptionKey: failing },
    } as any)
    // An error thrown by user-supplied key material is passed on unchanged.
    await expect(broken.encrypt(payload(), patient, { binding })).rejects.toThrow(canary)

    expect(failures.length).toBeGreaterThan(12)
    expect([...out, ...failures].flatMap(found)).toEqual([])
  })

  test('stays inside the functions on bytes', async () => {
    const { result, messageHeader } = await encrypt(keyring, canary, { encryptionContext: { a: 'b' } })
    const failures: unknown[] = [messageHeader, result]
    for (const at of [0, 60, result.length - 30, result.length - 1]) {
      const changed = Buffer.from(result)
      changed[at]! ^= 1
      failures.push(
        await decrypt(keyring, changed, { encryptionContext: { a: 'b' } }).catch((error) => error),
      )
    }
    failures.push(await encrypt(keyring, `\ud800${canary}`).catch((error) => error))
    failures.push(
      await encrypt(keyring, canary, { encryptionContext: { [canary]: 5 } as any }).catch((error) => error),
    )
    expect(failures).toHaveLength(8)
    expect(failures.flatMap(found)).toEqual([])
  })

  test('is not written to the console', () => {
    expect(found(written.join('\n'))).toEqual([])
  })
})
