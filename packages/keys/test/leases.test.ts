// The harness that other tests rely on: it must find what it is there to find.
import { randomBytes } from 'node:crypto'
import { type Keyring, keyMaterial } from '@glassine/keys'
import { serialiseContext } from '@glassine/keys/internal'
import { hierarchicalKeyring } from '@glassine/keys/key-store'
import { localKeyring } from '@glassine/keys/raw-aes'
import { branchKeySource, watchKeys } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'

const context = serialiseContext({ tenant: 't-1' })
const encryption = { suite: 0x0478, context, messages: 1, bytes: 1 }

const setUp = () => {
  const watch = watchKeys()
  const keys = watch.keyMaterial(keyMaterial({ keyring: watch.keyring(localKeyring()) }))
  return { watch, keys }
}

describe('watchKeys', () => {
  test('passes what is lent, released once, and zeroed in the end', async () => {
    const { watch, keys } = setUp()
    const lease = await keys.encryptionKey(encryption)
    const { encryptedDataKeys } = lease
    const again = await keys.decryptionKey({ suite: 0x0478, context, encryptedDataKeys })
    expect(again.bytes).toEqual(lease.bytes)
    lease.release()
    again.release()
    expect(watch.lent()).toBe(2)
    watch.expectReleased()
    watch.expectIntact()
    expect(() => watch.expectZeroed()).toThrow('encryption key')
    keys.clear()
    watch.expectZeroed()
    expect(() => watch.expectIntact()).toThrow('encryption key')
  })

  test('finds a lease that was forgotten, and its key, which nothing zeroes then', async () => {
    const { watch, keys } = setUp()
    await keys.encryptionKey(encryption)
    expect(() => watch.expectReleased()).toThrow('encryption key: released 0 times')
    keys.clear()
    expect(() => watch.expectZeroed()).toThrow('encryption key')
  })

  test('finds a lease that was released twice', async () => {
    const { watch, keys } = setUp()
    const lease = await keys.encryptionKey(encryption)
    lease.release()
    lease.release()
    expect(() => watch.expectReleased()).toThrow('encryption key: released 2 times')
  })

  test('finds a key that was zeroed while it was lent', async () => {
    const { watch, keys } = setUp()
    const lease = await keys.encryptionKey(encryption)
    lease.bytes.fill(0)
    lease.release()
    expect(() => watch.expectReleased()).toThrow('encryption key: zeroed while it was lent')
  })

  test('finds a key that was zeros when it was lent', async () => {
    const watch = watchKeys()
    const zeros: Keyring = {
      ...localKeyring(),
      generate: async () => ({ dataKey: Buffer.alloc(32), encryptedDataKeys: [] }),
    }
    const keyring = watch.keyring(zeros)
    await keyring.generate({ suite: 0x0478, context, length: 32, deadline: () => 0 })
    expect(() => watch.expectZeroed()).toThrow('generated data key: zeros when it was lent')
  })

  test('finds a data key of a keyring that nothing zeroed', async () => {
    const watch = watchKeys()
    const keyring = watch.keyring(localKeyring())
    const request = { suite: 0x0478, context, length: 32, deadline: () => Date.now() + 1_000 }
    const { encryptedDataKeys, dataKey } = await keyring.generate(request)
    const opened = await keyring.unwrap({ ...request, encryptedDataKeys })
    expect(opened).toEqual(dataKey)
    expect(() => watch.expectZeroed()).toThrow(/generated data key[\s\S]*unwrapped data key/)
    dataKey.fill(0)
    expect(() => watch.expectZeroed()).toThrow('unwrapped data key')
    opened!.fill(0)
    watch.expectZeroed()
  })

  test('counts beacon keys and remembers branch keys', async () => {
    const watch = watchKeys()
    const source = branchKeySource()
    source.add('tenant-1')
    const keyring = watch.keyring(
      hierarchicalKeyring({ keyStore: watch.branchKeys(source), branchKeyId: 'tenant-1' }),
    )
    const request = { suite: 0x0478, context, deadline: () => Date.now() + 1_000 }
    const lease = await keyring.beaconKey(request)
    expect(lease.bytes).toEqual(source.beaconOf('tenant-1'))
    expect(() => watch.expectReleased()).toThrow('beacon key: released 0 times')
    lease.release()
    watch.expectReleased()
    expect(() => watch.expectZeroed()).toThrow('beacon key')
    keyring.clear()
    watch.expectZeroed()
  })

  test('fails when it had nothing to watch', () => {
    const watch = watchKeys()
    expect(() => watch.expectReleased()).toThrow()
    expect(() => watch.expectZeroed()).toThrow()
    expect(() => watch.expectIntact()).toThrow()
  })

  test('remembers a buffer that a test hands it', () => {
    const watch = watchKeys()
    const bytes = randomBytes(32)
    watch.remember(bytes, 'the plaintext of KMS')
    expect(() => watch.expectZeroed()).toThrow('the plaintext of KMS')
    bytes.fill(0)
    watch.expectZeroed()
  })
})
