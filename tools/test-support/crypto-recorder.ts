// Keys that a function derives, and plaintext that is not authentic, never leave the function that must zero them. But
// they pass through `node:crypto`. This replaces it, records every buffer that goes in or comes out, and fails at the
// call that a test chooses.
//
//   const crypto = recordCrypto()
//   // Import dynamically, after the line above: modules that were imported before keep the real one.
//   const { itemEncryptorOfActions } = await import('../src/index.ts')
//
//   test('leaves no key behind, whichever call fails', async () => {
//     await crypto.failEach(async () => {
//       const item = await encryptor.encryptItem(plain).catch(() => undefined)
//       expect(crypto.left({ published: bytesOf(item) })).toEqual([])
//     })
//   })
import * as real from 'node:crypto'
import { jest } from '@jest/globals'
import { isZero } from './leases.ts'

/** An input or output buffer of a call. */
export interface SeenBytes {
  /** The function of `node:crypto` that made the object or the bytes: `createHmac`. */
  readonly call: string
  /** Its algorithm: `sha512`. */
  readonly algorithm: string
  readonly role: 'key' | 'iv' | 'input' | 'output'
  /** The buffer itself; zeros after it was zeroed. */
  readonly bytes: Uint8Array
  /** A copy of its contents when the call returned. */
  readonly held: Buffer
}

/** What to look for with `left`. */
export interface LeftOptions {
  /** Bytes that are published, so their contents are not secret. */
  readonly published?: readonly Uint8Array[]
  /** Buffers to ignore, with a reason in a comment: a tag that was only compared, a cached key. */
  readonly except?: (seen: SeenBytes) => boolean
}

/** The error of a call that a test makes fail. */
export class CryptoFault extends Error {}

/** Replaces `node:crypto` for all modules that this test file imports from here on. */
export const recordCrypto = () => {
  const seen: SeenBytes[] = []
  let calls = 0
  let failing: number | undefined

  const note = (call: string, algorithm: string, role: SeenBytes['role'], bytes: unknown): void => {
    // A KeyObject is not on the heap and cannot be zeroed.
    if (bytes instanceof Uint8Array) seen.push({ call, algorithm, role, bytes, held: Buffer.from(bytes) })
  }
  const step = (): void => {
    if (calls++ === failing) throw new CryptoFault('This call was told to fail')
  }

  /** Notes what goes into and comes out of the methods of a cipher, a hash or an HMAC. */
  const watched = <T extends object>(inner: T, call: string, algorithm: string): T => {
    const proxy: T = new Proxy(inner, {
      get(_, name) {
        const member = Reflect.get(inner, name, inner)
        if (typeof member !== 'function') return member
        if (!steps.has(name as string)) return member.bind(inner)
        return (...given: unknown[]) => {
          step()
          if (name === 'update') note(call, algorithm, 'input', given[0])
          const result = member.apply(inner, given)
          if (result === inner) return proxy
          note(call, algorithm, 'output', result)
          return result
        }
      },
    })
    return proxy
  }

  const maker =
    (call: keyof typeof makers) =>
    (algorithm: string, ...more: unknown[]) => {
      step()
      if (call !== 'createHash') note(call, algorithm, 'key', more[0])
      if (call !== 'createHash' && call !== 'createHmac') note(call, algorithm, 'iv', more[1])
      return watched(makers[call](algorithm, ...more), call, algorithm)
    }

  const replaced = {
    createCipheriv: maker('createCipheriv'),
    createDecipheriv: maker('createDecipheriv'),
    createHmac: maker('createHmac'),
    createHash: maker('createHash'),
    hash: (...given: Parameters<typeof real.hash>) => {
      step()
      note('hash', given[0], 'input', given[1])
      const result = real.hash(...given)
      note('hash', given[0], 'output', result)
      return result
    },
    hkdfSync: (...given: Parameters<typeof real.hkdfSync>) => {
      step()
      note('hkdfSync', given[0], 'key', given[1])
      const result = real.hkdfSync(...given)
      note('hkdfSync', given[0], 'output', new Uint8Array(result))
      return result
    },
    randomBytes: (size: number) => {
      step()
      const result = real.randomBytes(size)
      note('randomBytes', 'random', 'output', result)
      return result
    },
    randomFillSync: (bytes: Uint8Array, ...range: number[]) => {
      step()
      const result = real.randomFillSync(bytes, ...range)
      note('randomFillSync', 'random', 'output', result)
      return result
    },
    diffieHellman: (...given: Parameters<typeof real.diffieHellman>) => {
      step()
      const result = real.diffieHellman(...given)
      note('diffieHellman', 'ecdh', 'output', result)
      return result
    },
    privateDecrypt: (...given: Parameters<typeof real.privateDecrypt>) => {
      step()
      const result = real.privateDecrypt(...given)
      note('privateDecrypt', 'rsa', 'output', result)
      return result
    },
    createSecretKey: (...given: [Buffer]) => {
      step()
      note('createSecretKey', 'secret', 'key', given[0])
      return real.createSecretKey(...given)
    },
  }
  const names = { ...real, ...replaced }
  jest.unstable_mockModule('node:crypto', () => ({ ...names, default: names }))

  const recorder = {
    /** Every buffer since the last `reset`, in order. */
    seen: seen as readonly SeenBytes[],
    /** How many calls were made since the last `reset`: those of functions, and of `update`, `final` and `digest`. */
    calls: (): number => calls,
    /** Forgets what was seen, and makes nothing fail. */
    reset: (): void => {
      seen.length = 0
      calls = 0
      failing = undefined
    },
    /** Makes the call at this place fail, counted from the next one, which is 0. */
    failAt: (at: number): void => {
      failing = calls + at
    },

    /**
     * Describes the buffers that held a secret and still do: keys, decrypted plaintext, and the output of HMACs, KDFs
     * and random generators. Public are the results of encryption, signatures' hashes, and the buffers in
     * `published`. Throws if nothing was recorded: then the modules under test use the real one.
     */
    left: ({ published = [], except = () => false }: LeftOptions = {}): readonly string[] => {
      if (calls === 0)
        throw new Error(
          'Nothing passed here: import the modules under test dynamically, after recordCrypto()',
        )
      const open = published.map((bytes) => Buffer.from(bytes))
      return seen
        .filter((one) => isSecret(one) && !isZero(one.bytes) && !except(one))
        .filter(({ bytes }) => !open.some((all) => all.includes(remainder(bytes))))
        .map(({ call, algorithm, role, bytes }) => `${call} ${algorithm}: ${role} of ${bytes.length} bytes`)
    },

    /**
     * Runs a piece of work first untouched, and then once for each call it makes, with that call failing.
     *
     * @param run - does the work, whether it fails or not, and asserts what has to be true afterwards
     */
    failEach: async (run: (failing: number | undefined) => unknown): Promise<void> => {
      recorder.reset()
      await run(undefined)
      const all = calls
      if (all === 0) throw new Error('The work made no call that passed here')
      for (let at = 0; at < all; at++) {
        recorder.reset()
        recorder.failAt(at)
        await run(at)
      }
      recorder.reset()
    },
  }
  return recorder
}

const { createCipheriv, createDecipheriv, createHmac, createHash } = real
const makers = { createCipheriv, createDecipheriv, createHmac, createHash } as unknown as Readonly<
  Record<'createCipheriv' | 'createDecipheriv' | 'createHmac' | 'createHash', (...given: unknown[]) => object>
>

const steps = new Set(['update', 'final', 'digest', 'getAuthTag', 'setAAD', 'setAuthTag'])

/** By the role of a buffer; `published` excludes tags and random values that are public. */
const isSecret = ({ call, algorithm, role }: SeenBytes): boolean => {
  if (role === 'key') return true
  if (role !== 'output' || call === 'createHash' || call === 'hash') return false
  // A key stream is a key; the output of any other cipher is not, while encrypting.
  return call !== 'createCipheriv' || algorithm.endsWith('ctr')
}

/** A buffer without the zeros at both ends, if the rest is too long for a coincidence. */
const remainder = (bytes: Uint8Array): Buffer => {
  const from = bytes.findIndex((byte) => byte !== 0)
  const to = bytes.findLastIndex((byte) => byte !== 0) + 1
  return Buffer.from(to - from < 8 ? bytes : bytes.subarray(from, to))
}
