// Marker values go through everything that can succeed and fail; then every byte that came out is searched for them.

import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { decrypt, encrypt } from '../src/bytes/index.ts'
import { type MessageEnvelopeOptions, messageEnvelope } from '../src/index.ts'
import { rawKeyring, rawKeys, wrappingKey } from './support/keys.ts'
import { type PatientDto, patient, samplePatient } from './support/models.ts'

const canary = 'CANARY-4711-plaintext'
const binding = { tenant: 'CANARY-4711-tenant' }
const forms = (text: string | Buffer): string[] => {
  const bytes = Buffer.from(text as string)
  return [bytes.toString('latin1'), bytes.toString('base64').slice(0, 20), bytes.toString('hex').slice(0, 30)]
}
const secrets = [...forms(canary), ...forms('CANARY-4711-tenant'), ...forms(wrappingKey('a'))]

/** All that a logger, a debugger or the Lambda runtime may print of a value. */
const printed = (value: unknown): string => {
  const parts = [inspect(value, { depth: 20, showHidden: true, getters: true, maxArrayLength: null })]
  parts.push(String(value))
  if (value instanceof Error)
    parts.push(
      value.stack ?? '',
      ...Object.getOwnPropertyNames(value).map((name) => inspect((value as any)[name])),
    )
  try {
    parts.push(JSON.stringify(value) ?? '')
  } catch {
    // Not everything has a JSON form.
  }
  return parts.join('\n')
}

const found = (text: string): string[] => secrets.filter((secret) => text.includes(secret))

describe('a canary', () => {
  const written: string[] = []
  beforeAll(() => {
    for (const method of ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const)
      jest.spyOn(console, method).mockImplementation((...args) => void written.push(inspect(args)))
    for (const stream of [process.stdout, process.stderr])
      jest.spyOn(stream, 'write').mockImplementation((chunk) => written.push(String(chunk)) > 0)
    process.on('warning', (warning) => written.push(printed(warning)))
  })
  afterAll(() => {
    jest.restoreAllMocks()
  })

  const payload = (): PatientDto => ({ ...samplePatient(), ssn: canary, tags: [canary] })

  test('the search finds what is there', () => {
    expect(found(printed(new Error(canary)))).not.toEqual([])
    expect(found(printed({ a: Buffer.from(canary).toString('base64') }))).not.toEqual([])
  })

  test.each([
    { shape: 'field' },
    { shape: 'bundle' },
    { shape: 'field', suite: '0x0578' },
    { shape: 'field', fieldContext: true },
    { shape: 'field', bindFields: false },
  ] as const)('%j', async (options) => {
    const keys = rawKeys()
    const services = messageEnvelope({ keys, ...options } as MessageEnvelopeOptions & { shape: 'bundle' })
    const out: string[] = [printed(services)]
    const failures: unknown[] = []
    const attempt = async (work: () => unknown) => {
      try {
        await work()
      } catch (error) {
        failures.push(error)
      }
    }
    const prepared = await services.prepareSeal(payload(), patient, { binding })
    out.push(printed(prepared))
    const sealed: any = prepared.finish()
    out.push(printed(prepared))
    // The context is in the header for everybody to read; the rest is not.
    const place = options.shape === 'bundle' ? 'sealed' : 'ssn'
    expect(sealed[place]).not.toContain(Buffer.from(canary).toString('base64').slice(0, 20))

    const opening = await services.prepareOpen(sealed, patient, { binding })
    out.push(printed(opening))
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
      ...options,
      keys: { ...keys, encryptionKey: failing, decryptionKey: failing },
    } as any)
    // What a user's own key material throws is the user's; it is passed on as it is.
    await expect(broken.encrypt(payload(), patient, { binding })).rejects.toThrow(canary)

    expect(failures.length).toBeGreaterThan(12)
    expect(found([...out, ...failures.map(printed)].join('\n'))).toEqual([])
  })

  test('the functions on bytes', async () => {
    const keyring = rawKeyring()
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
    expect(found(failures.map(printed).join('\n'))).toEqual([])
  })

  test('nothing was written to the console', () => {
    expect(found(written.join('\n'))).toEqual([])
  })
})
