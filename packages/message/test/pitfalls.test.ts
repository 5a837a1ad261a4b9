// Known defects in field encryption that no other file here covers; docs/threat-model.md lists all of them.
import { describe, expect, jest, test } from '@jest/globals'
import { decrypt } from '../src/bytes/index.ts'
import { messageEnvelope } from '../src/index.ts'
import { expectUniformFailure } from './support/expect.ts'
import { fixedKey, someWrappedKey } from './support/fixed-key.ts'
import { rawKeys } from './support/keys.ts'
import { one } from './support/models.ts'
import { encryptedDataKeysOf, referenceWriter } from './support/reference-message.ts'

describe('key commitment is checked by itself', () => {
  const dataKey = Buffer.alloc(32, 7)
  const keys = fixedKey(dataKey)

  /**
   * What a writer with the data key can make: another commitment with a matching header tag, so that
   * every tag of the message is right. `change` gets the commitment.
   */
  const resealed = (change: (commitment: Buffer) => void): Buffer => {
    const writer = referenceWriter({ messageId: Buffer.alloc(32, 'i'), dataKey })
    const commitment = Buffer.from(writer.commitment)
    change(commitment)
    const encryptedDataKeys = encryptedDataKeysOf(someWrappedKey)
    return Buffer.concat([
      writer.header({ encryptedDataKeys, commitment }),
      writer.finalFrame(Buffer.from('plaintext')),
    ])
  }

  test('a re-tagged message is accepted if its commitment is right', async () => {
    const { plaintext } = await decrypt(
      keys,
      resealed(() => {}),
    )
    expect(plaintext.toString()).toBe('plaintext')
  })

  test.each([0, 15, 31])(
    'a commitment that differs in byte %d is refused, even if every tag is right',
    async (at) => {
      const message = resealed((commitment) => {
        commitment[at]! ^= 1
      })
      await expectUniformFailure(decrypt(keys, message))
    },
  )
})

test('nothing is compressed: values of equal length give messages of equal length', async () => {
  const services = messageEnvelope({ use: 'store:test', keys: rawKeys() })
  const lengthOf = async (ssn: string): Promise<number> => {
    const sealed = await services.encrypt({ ssn }, one, { binding: { tenant: 't-1' } })
    return (sealed.ssn as unknown as string).length
  }
  const varied = Array.from({ length: 9_000 }, (_, at) => String.fromCharCode(97 + ((at * at) % 23))).join('')
  expect(await lengthOf('a'.repeat(9_000))).toBe(await lengthOf(varied))
})

test('no random bytes are drawn before the first request, so no snapshot contains any', async () => {
  const crypto = await import('node:crypto')
  const calls: string[] = []
  const sources = ['randomBytes', 'randomFillSync', 'randomFill', 'randomUUID', 'randomInt'] as const
  const counting = Object.fromEntries(
    [...sources, 'generateKeyPairSync' as const, 'generateKeySync' as const].map((name) => [
      name,
      (...args: unknown[]) => {
        calls.push(name)
        return (crypto[name] as (...args: unknown[]) => unknown)(...args)
      },
    ]),
  )
  jest.resetModules()
  jest.unstable_mockModule('node:crypto', () => ({ ...crypto, ...counting }))
  const fresh = await import('../src/index.ts')
  const { keyMaterial } = await import('@glassine/keys')
  const { rawAesKeyring } = await import('@glassine/keys/raw-aes')
  const keyring = rawAesKeyring({ namespace: 'test', name: 'key', key: Buffer.alloc(32, 1) })
  const services = fresh.messageEnvelope({
    use: 'store:test',
    keys: keyMaterial({ keyring }),
    suite: '0x0578',
  })
  expect(calls).toEqual([])
  await services.encrypt({ ssn: '1' }, one, { binding: { tenant: 't-1' } })
  // The counters work: a data key, its wrap, a message id and a signing key.
  expect(calls).toEqual(expect.arrayContaining(['randomBytes', 'randomFillSync']))
})
