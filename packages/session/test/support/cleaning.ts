/** Looks for secrets in all buffers that a piece of work has made, or passed to `node:crypto`. */
import { recordCrypto } from '@glassine/test-support'
import { expect, jest } from '@jest/globals'
import { b64u, type DeviceSession } from './device.ts'

/** Suites import what they test dynamically, after this module: what was imported before holds the real one. */
export const crypto: ReturnType<typeof recordCrypto> = recordCrypto()

/** The declared values of the patient as they are sealed, and the keys of a session as bytes and as they travel. */
export const secretsOf = ({ q, r }: DeviceSession): readonly (string | Buffer)[] => [
  '078-05-1120',
  'ada@example.org',
  'Main St 1',
  'a first note',
  'a second',
  ...[q, r].flatMap((key) => [key, b64u(key)]),
]

/** Texts and bytes that become buffers during the work, such as a decoded key. */
const buffersMadeBy = async (work: () => Promise<unknown>): Promise<readonly Buffer[]> => {
  const made: Buffer[] = []
  for (const name of ['from', 'concat'] as const) {
    const inner = Buffer[name] as (...given: unknown[]) => Buffer
    jest.spyOn(Buffer, name).mockImplementation(((...given: unknown[]) => {
      const result = inner.apply(Buffer, given)
      made.push(result)
      return result
    }) as never)
  }
  try {
    await work().catch(() => {})
  } finally {
    jest.restoreAllMocks()
  }
  // The recorder's own copies are no business of the work.
  return made.filter((buffer) => !crypto.seen.some(({ held }) => held === buffer))
}

/** All that the work has made, and all that it has given to `node:crypto` or got from there. */
export const buffersOf = async (work: () => Promise<unknown>): Promise<readonly Buffer[]> => [
  ...(await buffersMadeBy(work)),
  ...crypto.seen.map(({ bytes }) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)),
]

const givesSecrets = new Set(['createDecipheriv', 'diffieHellman', 'privateDecrypt'])

/** Keys, shared secrets and decrypted texts that passed through `node:crypto`, as they were. */
const passed = (): readonly Buffer[] =>
  crypto.seen
    .filter(({ call, role }) => role === 'key' || (role === 'output' && givesSecrets.has(call)))
    .map(({ held }) => held)
    .filter((held) => held.length > 0)

/**
 * Does the work once untouched and once for each of its calls of `node:crypto`, with that call failing; then nothing
 * secret may be left in a buffer: neither what is named, nor any key, shared secret or decrypted text that passed.
 *
 * @param kept - a key that its lender keeps on purpose
 */
export const expectClean = async (
  work: () => Promise<unknown>,
  secrets: readonly (string | Buffer)[],
  kept = Buffer.alloc(0),
): Promise<void> => {
  await crypto.failEach(async (failing) => {
    const buffers = (await buffersOf(work)).filter((buffer) => !buffer.equals(kept))
    const left = [...secrets, ...passed().filter((one) => !one.equals(kept))].filter((secret) =>
      buffers.some((buffer) => buffer.includes(secret)),
    )
    // They were made for this run, so they may be printed.
    expect({ failing, left: left.map((secret) => Buffer.from(secret).toString('latin1')) }).toEqual({
      failing,
      left: [],
    })
  })
}
