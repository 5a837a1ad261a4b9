import { expect, test } from '@jest/globals'
import { configOfActions } from '../../src/config/encryptor-options.ts'
import { newSigner } from '../../src/format/footer.ts'
import { systemRandomness } from '../../src/item/encrypt.ts'
import { encryptorOf } from '../../src/item-encryptor.ts'
import { canonical } from '../support/canonical.ts'
import { describeVectors, itemOf, optionsOf, readVectors, type VectorConfig } from '../support/vectors.ts'

interface EncryptVector {
  readonly type: 'positive-encrypt' | 'negative-encrypt' | 'negative-decrypt'
  readonly config: VectorConfig
  readonly decryptConfig?: VectorConfig
  readonly record: Record<string, unknown>
}

describeVectors("the plaintext records of AWS's test-vector generator", () => {
  const all = Object.values<EncryptVector>(readVectors('plain/encrypt_manifest.json').tests)
  // One signing key for all of them, and a signature in every twentieth: those are nearly all of the time.
  const signer = newSigner()
  const encryptorFor = (config: VectorConfig, at: number) => {
    const suite = config.algorithmSuiteId === undefined && at % 20 > 0 ? '0x6700' : optionsOf(config).suite
    const options = { ...optionsOf(config), suite }
    return encryptorOf(configOfActions(options), { ...systemRandomness, newSigner: () => signer })
  }

  test('there are 2,839 of them; each is encrypted, and opened under the configuration it names', async () => {
    const counts = { 'positive-encrypt': 0, 'negative-encrypt': 0, 'negative-decrypt': 0 }
    for (const [at, { type, config, decryptConfig, record }] of all.entries()) {
      const item = itemOf(record)
      const encrypting = encryptorFor(config, at).encryptItem(item)
      counts[type]++
      if (type === 'negative-encrypt') {
        await expect(encrypting).rejects.toMatchObject({
          code: 'ERR_FIELD_MISSING',
          cause: { path: '/RecNum' },
        })
        continue
      }
      const encrypted = await encrypting
      for (const [name, action] of Object.entries(config.attributeActionsOnEncrypt)) {
        if (!Object.hasOwn(item, name)) continue
        if (action === 'ENCRYPT_AND_SIGN') expect(Object.keys(encrypted[name]!)).toEqual(['B'])
        else expect(encrypted[name]).toEqual(item[name])
      }
      const opening = encryptorFor(decryptConfig ?? config, at).decryptItem(encrypted)
      if (type === 'negative-decrypt')
        await expect(opening).rejects.toMatchObject({ code: 'ERR_DECRYPT_FAILED' })
      else expect(canonical(await opening)).toEqual(canonical(item))
    }
    expect(counts).toEqual({ 'positive-encrypt': 2_837, 'negative-encrypt': 1, 'negative-decrypt': 1 })
  })
})

describeVectors('values of every type, among them numbers of 38 digits and names of four bytes', () => {
  const { Configs, Records } = readVectors('plain/data.json').RoundTripTest
  const records: Record<string, unknown>[] = [
    ...Records,
    ...readVectors('plain/PermTest.json').RoundTripTest.Records,
  ]

  test('there are 37 records, and each round-trips under each of 3 configurations', async () => {
    expect(Object.keys(Configs)).toHaveLength(3)
    for (const config of Object.values<VectorConfig>(Configs))
      for (const record of records) {
        const encryptor = plainEncryptor(config)
        const item = itemOf(record)
        expect(canonical(await encryptor.decryptItem(await encryptor.encryptItem(item)))).toEqual(
          canonical(item),
        )
      }
    expect(records).toHaveLength(37)
  })
})

const plainEncryptor = (config: VectorConfig) =>
  encryptorOf(configOfActions({ ...optionsOf(config), suite: '0x6700' }))
