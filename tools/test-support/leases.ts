// Leases of keys must be released exactly once, and a key without leases must be zeroed. Neither shows in a result, so
// a test watches the lender and checks afterwards.
//
//   const watch = watchKeys()
//   const keys = watch.keyMaterial(keyMaterial({ keyring: watch.keyring(localKeyring()) }))
//   await messageEnvelope({ keys }).encrypt(patient, Patient, { binding, use: 'request' })
//   watch.expectReleased()   // every lease was released once, and no key was zeroed before that
//   watch.expectIntact()     // no remembered key is zeroed yet: the cache still holds it
//   keys.clear()
//   watch.expectZeroed()     // every remembered key is zeros
//
// Check after failures too: forged input, a keyring that throws, `failAt` of `recordCrypto`. Keys that a function
// derives itself do not pass through a lender; `recordCrypto` sees those.
import type { KeyMaterial, Keyring } from '@glassine/keys'
import type { BranchKeySource } from '@glassine/keys/key-store'
import { expect } from '@jest/globals'

/** What leases of data keys and of beacon keys have in common. */
export interface Lease {
  readonly bytes: Uint8Array
  release(): void
}

/** Whether all bytes are zero; true for no bytes. */
export const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0)

/** Watches lenders of keys, and remembers every buffer that held one. */
export const watchKeys = () => {
  /** What each lease was for, and how often it was released. */
  const leases: { readonly what: string; releases: number }[] = []
  const remembered: { readonly what: string; readonly bytes: Uint8Array }[] = []
  const problems: string[] = []

  /** Remembers a buffer that holds key material now. */
  const remember = (bytes: Uint8Array, what: string): void => {
    if (isZero(bytes)) problems.push(`${what}: zeros when it was lent`)
    remembered.push({ what, bytes })
  }

  /** A lease that notes its release. */
  const lease = <L extends Lease>(inner: L, what: string): L => {
    const note = { what, releases: 0 }
    leases.push(note)
    const { bytes } = inner
    remember(bytes, what)
    const release = () => {
      if (note.releases++ === 0 && isZero(bytes)) problems.push(`${what}: zeroed while it was lent`)
      inner.release()
    }
    return wrapped(inner, { release })
  }

  return {
    remember,
    lease,

    /** Key material whose leases are counted. */
    keyMaterial: (inner: KeyMaterial): KeyMaterial =>
      wrapped(inner, {
        encryptionKey: async (request: Parameters<KeyMaterial['encryptionKey']>[0]) =>
          lease(await inner.encryptionKey(request), 'encryption key'),
        decryptionKey: async (request: Parameters<KeyMaterial['decryptionKey']>[0]) =>
          lease(await inner.decryptionKey(request), 'decryption key'),
      }),

    /** A keyring whose data keys are remembered, and whose leases of beacon keys are counted. */
    keyring: <K extends Keyring>(inner: K): K => {
      const beaconKey = (inner as Partial<Beacons>).beaconKey?.bind(inner)
      return wrapped(inner, {
        generate: async (request: Parameters<Keyring['generate']>[0]) => {
          const made = await inner.generate(request)
          remember(made.dataKey, 'generated data key')
          return made
        },
        unwrap: async (request: Parameters<Keyring['unwrap']>[0]) => {
          const dataKey = await inner.unwrap(request)
          if (dataKey) remember(dataKey, 'unwrapped data key')
          return dataKey
        },
        ...(beaconKey && {
          beaconKey: async (request: never) => lease(await beaconKey(request), 'beacon key'),
        }),
      })
    },

    /** A source whose branch keys are remembered. */
    branchKeys: <S extends BranchKeySource>(inner: S): S => {
      const remembering =
        <R>(get: (request: R) => ReturnType<BranchKeySource['getBeaconKey']>, what: string) =>
        async (request: R) => {
          const key = await get(request)
          remember(key.bytes, what)
          return key
        }
      return wrapped(inner, {
        getActiveBranchKey: remembering(inner.getActiveBranchKey.bind(inner), 'active branch key'),
        getBranchKeyVersion: remembering(inner.getBranchKeyVersion.bind(inner), 'branch key version'),
        getBeaconKey: remembering(inner.getBeaconKey.bind(inner), 'beacon key'),
      })
    },

    /** The number of leases so far. */
    lent: (): number => leases.length,

    /** Fails unless there were leases, and each was released exactly once with its key intact until then. */
    expectReleased: (): void => {
      expect(leases).not.toHaveLength(0)
      const wrong = leases.filter(({ releases }) => releases !== 1)
      expect([
        ...problems,
        ...wrong.map(({ what, releases }) => `${what}: released ${releases} times`),
      ]).toEqual([])
    },

    /** Fails unless keys were remembered, and all are zeros now. */
    expectZeroed: (): void => {
      expect(remembered).not.toHaveLength(0)
      const left = remembered.filter(({ bytes }) => !isZero(bytes)).map(({ what }) => what)
      expect([...problems, ...left]).toEqual([])
    },

    /** Fails unless keys were remembered, and none is zeros yet. */
    expectIntact: (): void => {
      expect(remembered).not.toHaveLength(0)
      const gone = remembered.filter(({ bytes }) => isZero(bytes)).map(({ what }) => what)
      expect([...problems, ...gone]).toEqual([])
    },
  }
}

interface Beacons {
  beaconKey(request: never): Promise<Lease>
}

/** The same object with these members replaced. Methods still get the object itself as `this`, for private fields. */
const wrapped = <T extends object>(inner: T, members: object): T =>
  new Proxy(inner, {
    get(_, name) {
      if (Object.hasOwn(members, name)) return members[name as keyof typeof members]
      const value = Reflect.get(inner, name, inner)
      return typeof value === 'function' && !Object.hasOwn(inner, name) ? value.bind(inner) : value
    },
  })
