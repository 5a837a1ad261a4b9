/** Keys exist in Web Crypto alone: the bytes that they were made from are zeroed, whichever call fails. */
import { isZero } from '@glassine/test-support'
import { expect, test } from '@jest/globals'
import { pair, patient } from './support/patient.ts'

/** A Web Crypto that notes the bytes of keys, and fails at one of its calls. */
const watchedCrypto = () => {
  const secrets: { readonly what: string; readonly bytes: Uint8Array }[] = []
  let calls = 0
  let failing: number | undefined
  const note = (what: string, value: unknown): void => {
    if (value instanceof Uint8Array && value.length >= 32) secrets.push({ what, bytes: value })
    // If a call returns a buffer, its caller creates an array over the same memory.
    if (value instanceof ArrayBuffer) secrets.push({ what, bytes: new Uint8Array(value) })
  }
  const { subtle } = globalThis.crypto
  const crypto = {
    getRandomValues: (out: Uint8Array<ArrayBuffer>) => {
      note('random bytes', out)
      return globalThis.crypto.getRandomValues(out)
    },
    subtle: new Proxy(subtle, {
      get:
        (_, name: string) =>
        async (...given: any[]) => {
          if (name === 'importKey' && given[0] === 'raw') note('an imported key', given[1])
          const input = name === 'digest' ? given[1] : undefined
          if (calls++ === failing) throw new Error('This call was told to fail')
          const result = await (subtle as any)[name](...given)
          if (name === 'deriveBits') {
            note('a shared secret', result)
            shared.push(Buffer.from(new Uint8Array(result)))
          }
          if (input && shared.some((secret) => Buffer.from(input).includes(secret)))
            note('what a key is derived from', input)
          return result
        },
    }),
  }
  const shared: Buffer[] = []
  return {
    crypto: crypto as never,
    secrets,
    calls: () => calls,
    failAt: (at: number) => {
      failing = at
    },
  }
}

test.each([
  ['ECDH-ES', 'session'],
  ['RSA-OAEP-256', 'session'],
  ['ECDH-ES', 'forward-secret'],
] as const)('no bytes of a key are left, with %s and responses %s', async (alg, mode) => {
  const run = async (failing?: number) => {
    const watch = watchedCrypto()
    if (failing !== undefined) watch.failAt(failing)
    const { service, api } = await pair({ alg }, { crypto: watch.crypto, response: { mode } })
    const outcome = await api.fetch('/patients', { method: 'POST', body: patient() }).then(
      ({ status }) => status,
      ({ code }) => code,
    )
    const left = watch.secrets.filter(({ bytes }) => !isZero(bytes)).map(({ what }) => what)
    expect({ failing, left }).toEqual({ failing, left: [] })
    return { outcome, watch, service }
  }
  const { outcome, watch } = await run()
  expect(outcome).toBe(200)
  const seen = new Set(watch.secrets.map(({ what }) => what))
  const agreed = ['a shared secret', 'what a key is derived from']
  expect([...seen].toSorted()).toEqual(
    ['an imported key', 'random bytes', ...(alg === 'ECDH-ES' ? agreed : [])].toSorted(),
  )
  for (let at = 0; at < watch.calls(); at++)
    expect(['ERR_ENCRYPT_FAILED', 'ERR_DECRYPT_FAILED', 'ERR_KEY_REFUSED']).toContain((await run(at)).outcome)
})
